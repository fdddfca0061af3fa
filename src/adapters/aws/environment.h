// The process's environment variables as a value, so that tests can bring their own.
#pragma once

#include <map>
#include <string>

namespace mainstay::aws {

using Environment = std::map<std::string, std::string>;

Environment process_environment();

// "" for a variable that is not set.
std::string variable(const Environment& environment, const std::string& name);
// "true" in any spelling.
bool is_on(const Environment& environment, const std::string& name);

}  // namespace mainstay::aws
