// Hosts, targets and envelopes.
#include "lab/api_services.h"

#include <fmt/format.h>

#include "lab/dynamodb.h"
#include "lab/ec2.h"
#include "lab/route53.h"
#include "lab/xml.h"

namespace mainstay::lab {
namespace {

constexpr std::string_view dynamodb_target = "DynamoDB_20120810.";
constexpr std::string_view sts_version = "2011-06-15";
constexpr std::string_view iam_version = "2010-05-08";

struct Words {
  int status;
  const char* code;
  const char* message;  // null: as it is
};

constexpr const char* bad_token = "The security token included in the request is invalid.";
constexpr const char* old_token = "The security token included in the request is expired";

AwsError reworded(AwsError error, const std::map<std::string, Words>& words) {
  const auto found = words.find(error.code);
  if (found == words.end()) return error;
  const Words& own = found->second;
  return {own.status, own.code, own.message == nullptr ? std::move(error.message) : own.message};
}

AwsError in_words_of_ec2(AwsError error) {
  return reworded(std::move(error), {{"ExpiredToken", {400, "RequestExpired", nullptr}}});
}

// STS and IAM.
AwsError in_words_of_sts(AwsError error) {
  return reworded(std::move(error),
                  {{"AuthFailure", {403, "InvalidClientTokenId", bad_token}},
                   {"ExpiredToken", {403, "ExpiredToken", old_token}},
                   {"RequestExpired", {403, "SignatureDoesNotMatch", "Signature expired"}},
                   {"MissingAuthenticationToken", {403, "MissingAuthenticationToken", nullptr}},
                   {"UnauthorizedOperation", {403, "AccessDenied", nullptr}},
                   {"RequestLimitExceeded", {400, "Throttling", "Rate exceeded"}},
                   {"InternalError", {500, "InternalFailure", nullptr}}});
}

AwsError in_words_of_route53(AwsError error) {
  return reworded(in_words_of_sts(std::move(error)),
                  {{"InvalidAction", {404, "UnknownOperationException", nullptr}}});
}

// The envelope of the Query services other than EC2.
std::string query_response(const ApiReply& reply, std::string_view version, std::string_view host) {
  return fmt::format(
      "<{0}Response xmlns=\"https://{1}.amazonaws.com/doc/{2}/\">{3}"
      "<ResponseMetadata><RequestId>{4}</RequestId></ResponseMetadata></{0}Response>\n",
      reply.action, host, version, reply.content, reply.id);
}

std::string error_response(const AwsError& error, const std::string& id, std::string_view space) {
  return fmt::format(
      "<ErrorResponse xmlns=\"https://{}/\"><Error><Type>{}</Type><Code>{}</Code>"
      "<Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>\n",
      space, error.status < 500 ? "Sender" : "Receiver", xml_escape(error.code),
      xml_escape(error.message), id);
}

std::string body_of(const ApiReply& reply) {
  const auto& error = reply.error;
  switch (reply.service) {
    case Service::ec2:
      return error ? ec2_error(*error, reply.id)
                   : ec2_response(reply.action, reply.content, reply.id);
    case Service::sts:
      return error ? error_response(*error, reply.id, "sts.amazonaws.com/doc/2011-06-15")
                   : query_response(reply, sts_version, "sts");
    case Service::iam:
      return error ? error_response(*error, reply.id, "iam.amazonaws.com/doc/2010-05-08")
                   : query_response(reply, iam_version, "iam");
    case Service::route53: {
      const std::string head = "<?xml version=\"1.0\"?>\n";
      return head + (error
                         ? error_response(*error, reply.id, "route53.amazonaws.com/doc/2013-04-01")
                         : route53_response(reply.action, reply.content));
    }
    case Service::dynamodb:
      return error ? dynamodb_error(*error) : reply.content;
  }
  return {};
}

}  // namespace

std::string_view name_of(Service service) {
  switch (service) {
    case Service::ec2:
      return "ec2";
    case Service::sts:
      return "sts";
    case Service::dynamodb:
      return "dynamodb";
    case Service::route53:
      return "route53";
    case Service::iam:
      return "iam";
  }
  return "";
}

bool is_global(Service service) { return service == Service::route53 || service == Service::iam; }

Service service_of(const HttpRequest& request, const Query& query) {
  const std::string_view host = request.header("host");
  if (host.starts_with("dynamodb.") || request.header("x-amz-target").starts_with(dynamodb_target))
    return Service::dynamodb;
  if (host.starts_with("route53.") || request.path().starts_with(route53_root))
    return Service::route53;
  const std::string version = query.value("Version");
  if (host.starts_with("iam.") || version == iam_version) return Service::iam;
  return version == sts_version || host.starts_with("sts.") ? Service::sts : Service::ec2;
}

std::string action_of(Service service, const HttpRequest& request, const Query& query) {
  if (service == Service::route53) return route53_action(request);
  if (service != Service::dynamodb) return query.value("Action");
  const std::string_view target = request.header("x-amz-target");
  return std::string(target.substr(std::min(dynamodb_target.size(), target.size())));
}

std::string full_action(Service service, const std::string& action) {
  return fmt::format("{}:{}", name_of(service), action);
}

Query query_of(const HttpRequest& request) {
  return Query(
      parse_form(request.method == "POST" ? std::string_view(request.body) : request.query()));
}

AwsError in_words_of(Service service, AwsError error) {
  switch (service) {
    case Service::ec2:
      return in_words_of_ec2(std::move(error));
    case Service::sts:
    case Service::iam:
      return in_words_of_sts(std::move(error));
    case Service::dynamodb:
      return in_words_of_dynamodb(std::move(error));
    case Service::route53:
      return in_words_of_route53(std::move(error));
  }
  return error;
}

HttpResponse print_reply(const ApiReply& reply) {
  HttpResponse response{.status = reply.error ? reply.error->status : 200,
                        .body = body_of(reply),
                        .type = reply.service == Service::dynamodb ? "application/x-amz-json-1.0"
                                                                   : "text/xml;charset=UTF-8"};
  response.headers = {{"x-amzn-RequestId", reply.id}};
  return response;
}

}  // namespace mainstay::lab
