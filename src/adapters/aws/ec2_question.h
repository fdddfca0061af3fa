// What is asked of EC2's Query API, in its own form.
#pragma once

#include <string>
#include <string_view>

#include "adapters/aws/client.h"
#include "adapters/http/url.h"

namespace mainstay::aws {

Question ec2_question(std::string action, std::string subject, Effect effect,
                      Parameters parameters);
// A change that AWS accepted, but whose answer makes no sense, may well have happened.
Status accepted(const Status& parsed, std::string_view what);

}  // namespace mainstay::aws
