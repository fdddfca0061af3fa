// The services behind the endpoints: which one a request is for, and how each one words its
// answers. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/query.h"

namespace mainstay::lab {

enum class Service { ec2, sts, dynamodb, route53, iam };

// As in the names of actions and in the scope of a signature: "ec2", "route53", …
std::string_view name_of(Service service);
// Services without a region are signed for us-east-1.
bool is_global(Service service);

Service service_of(const HttpRequest& request, const Query& query);
// Empty if the request is none the service knows.
std::string action_of(Service service, const HttpRequest& request, const Query& query);
// "ec2:ReplaceRoute"
std::string full_action(Service service, const std::string& action);
// The parameters of a call of the Query API.
Query query_of(const HttpRequest& request);

// What all services refuse has the code of EC2 inside the lab; each service has its own words.
AwsError in_words_of(Service service, AwsError error);

struct ApiReply {
  Service service = Service::ec2;
  std::string action;
  std::string id;
  std::string content;
  std::optional<AwsError> error;
};
HttpResponse print_reply(const ApiReply& reply);

}  // namespace mainstay::lab
