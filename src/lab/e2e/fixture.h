// What the end-to-end tests of the lab share: one lab for many tests, and questions to ask of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/client.h"

namespace mainstay::lab {

// The lab of this test program, up at the first call; without faults at each call.
Lab& shared_lab();
void end_shared_lab();

// The command's result; the test fails if it could not be run.
ExecResult run(const Lab& lab, const std::string& instance, const std::vector<std::string>& argv);
// One echo request, answered within 400 ms?
bool pings(const Lab& lab, const std::string& from, const std::string& to);
// `aws ARGUMENTS` in the instance: the stock command line as a client that knows nothing of us.
ExecResult aws(const Lab& lab, const std::string& instance, const std::string& arguments);
// A signed call by curl's own signer, quicker than the aws command line. Gives the body.
std::string api(const Lab& lab, const std::string& instance, const std::string& form);
void fault(const Lab& lab, const std::string& line);
std::string value_of(const Lab& lab, const std::string& path);
// Asks again until it is so, for at most the time given.
bool becomes_true(Duration patience, const std::function<bool()>& question);

inline const std::string vip = "10.1.0.20";

}  // namespace mainstay::lab
