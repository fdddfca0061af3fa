// Which members a call's body has where it is JSON or XML. One that AWS does not know is an error
// here, as is one that is missing: the services themselves overlook some. Pure.
#pragma once

#include <optional>
#include <string>

#include "lab/api_services.h"

namespace mainstay::lab {

// What is wrong with the body, in the service's words; nothing for actions the lab does not know.
std::optional<AwsError> check_dynamodb_body(const std::string& action, const std::string& body);
std::optional<AwsError> check_route53_body(const std::string& action, const std::string& body);

}  // namespace mainstay::lab
