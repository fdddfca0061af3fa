// Which parameters each call of the Query API has. A parameter that AWS does not know is an error,
// as is one that is missing. Pure.
#pragma once

#include <optional>
#include <string>

#include "lab/api_services.h"

namespace mainstay::lab {

// What is wrong with the call's parameters, in the service's words; nothing for actions the lab
// does not know.
std::optional<AwsError> check_parameters(Service service, const std::string& action,
                                         const HttpRequest& request, const Query& query);

}  // namespace mainstay::lab
