// A call as IAM sees it: the action, the resources it touches, and what conditions may ask of them.
// Pure.
#pragma once

#include "lab/api_services.h"
#include "lab/iam_policy.h"
#include "lab/model.h"

namespace mainstay::lab {

AccessRequest access_request(Service service, const std::string& action, const Query& query,
                             const HttpRequest& request, const Model& model);

// "arn:aws:ec2:ap-northeast-1:123456789012:route-table/rtb-…"
std::string ec2_arn(const Model& model, std::string_view kind, std::string_view id);
std::string role_arn(std::string_view account, std::string_view role);
// The name in "arn:aws:iam::123456789012:role/NAME", or empty.
std::string role_of_arn(std::string_view arn);

}  // namespace mainstay::lab
