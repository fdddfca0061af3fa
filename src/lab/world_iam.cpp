// Who may do what: permissions of calls, and the calls of STS and IAM.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lab/iam_requests.h"
#include "lab/world.h"
#include "lab/xml.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;
using Answer = std::expected<std::string, AwsError>;

constexpr std::int64_t session_default_s = 3'600;
constexpr std::int64_t session_min_s = 900;
constexpr std::int64_t session_max_s = 43'200;

std::unexpected<AwsError> refuse(int status, std::string code, std::string message) {
  return std::unexpected(AwsError{status, std::move(code), std::move(message)});
}

std::string result(const std::string& action, const std::string& content) {
  return fmt::format("<{0}Result>{1}</{0}Result>", action, content);
}

// What an encoded authorization message holds.
std::string decoded_message(const Principal& principal, const AccessRequest& request,
                            const AccessDecision& decision) {
  const json message = {{"allowed", false},
                        {"explicitDeny", decision.verdict == Verdict::explicit_deny},
                        {"matchedStatements", {{"items", json::array()}}},
                        {"failures", {{"items", json::array()}}},
                        {"context",
                         {{"principal", {{"id", principal.user_id}, {"arn", principal.arn}}},
                          {"action", request.action},
                          {"resource", decision.resource},
                          {"conditions", {{"items", json::array()}}}}}};
  return message.dump();
}

std::string denial_text(const Principal& principal, const AccessRequest& request,
                        const AccessDecision& decision) {
  const std::string why =
      decision.verdict == Verdict::explicit_deny
          ? "with an explicit deny in an identity-based policy"
          : fmt::format("because no identity-based policy allows the {} action", request.action);
  return fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", principal.arn,
                     request.action, decision.resource, why);
}

std::expected<std::int64_t, AwsError> session_seconds(const Query& query) {
  const std::string text = query.value("DurationSeconds");
  if (text.empty()) return session_default_s;
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc() || end != text.data() + text.size() || seconds < session_min_s ||
      seconds > session_max_s) {
    return refuse(400, "ValidationError",
                  fmt::format("1 validation error detected: Value '{}' at 'durationSeconds' failed "
                              "to satisfy constraint: it is from {} to {}",
                              text, session_min_s, session_max_s));
  }
  return seconds;
}

}  // namespace

std::string World::encode_message(std::string message) {
  std::string blob;
  for (int i = 0; i < 8; ++i) blob += fmt::format("{:016x}", random_.next());
  if (denials_.size() >= denials_max) denials_.pop_front();
  denials_.emplace_back(blob, std::move(message));
  return blob;
}

bool World::refuse_unpermitted(Call& call) {
  const AccessRequest request =
      access_request(call.service, call.action, call.query, call.request, model_);
  const AccessDecision decision = accounts_->decide(call.principal, request);
  if (decision.verdict == Verdict::allowed) return false;
  std::string text = denial_text(call.principal, request, decision);
  if (call.service == Service::ec2) {
    text = fmt::format(
        "You are not authorized to perform this operation. {}. Encoded authorization failure "
        "message: {}",
        text, encode_message(decoded_message(call.principal, request, decision)));
  }
  call.error = AwsError{403, "UnauthorizedOperation", std::move(text)};
  return true;
}

Answer World::assume_role(const Call& call, bool by_token) {
  const std::string role = role_of_arn(call.query.value("RoleArn"));
  const std::string session = call.query.value("RoleSessionName");
  if (by_token && call.query.value("WebIdentityToken") != web_identity_token_) {
    return refuse(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account");
  }
  if (!accounts_->role_known(role)) {
    return refuse(403, "AccessDenied",
                  fmt::format("User: {} is not authorized to perform: sts:{} on resource: {}",
                              call.principal.arn, call.action, call.query.value("RoleArn")));
  }
  const auto seconds = session_seconds(call.query);
  if (!seconds) return std::unexpected(seconds.error());
  const Credentials& made =
      accounts_->assume(role, session, call.principal, call.now_ms + *seconds * 1000);
  Xml xml;
  xml.node("AssumedRoleUser", [&] {
    xml.leaf("AssumedRoleId", "AROALAB0000000000001:" + session);
    xml.leaf("Arn",
             fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", model_.account, role, session));
  });
  xml.node("Credentials", [&] {
    xml.leaf("AccessKeyId", made.access_key).leaf("SecretAccessKey", made.secret_key);
    xml.leaf("SessionToken", made.session_token);
    xml.leaf("Expiration", ec2::utc_text(made.expires_ms));
  });
  return result(call.action, xml.text());
}

Answer World::answer_sts(const Call& call) {
  if (call.action == "GetCallerIdentity") {
    Xml xml;
    xml.leaf("Arn", call.principal.arn).leaf("UserId", call.principal.user_id);
    xml.leaf("Account", model_.account);
    return result(call.action, xml.text());
  }
  if (call.action == "AssumeRole") return assume_role(call, false);
  if (call.action == "AssumeRoleWithWebIdentity") return assume_role(call, true);
  if (call.action == "DecodeAuthorizationMessage") {
    const std::string blob = call.query.value("EncodedMessage");
    for (const auto& [known, message] : denials_) {
      if (known != blob) continue;
      Xml xml;
      xml.leaf("DecodedMessage", message);
      return result(call.action, xml.text());
    }
    return refuse(400, "InvalidAuthorizationMessageException",
                  "The message is not an encoded authorization message.");
  }
  return refuse(400, "InvalidAction", fmt::format("Could not find operation {}", call.action));
}

Answer World::answer_iam(const Call& call) const {
  if (call.action != "SimulatePrincipalPolicy") {
    return refuse(400, "InvalidAction", fmt::format("Could not find operation {}", call.action));
  }
  const std::string source = call.query.value("PolicySourceArn");
  const std::string role = role_of_arn(source);
  if (role.empty()) return refuse(400, "InvalidInput", "Invalid Entity Arn: " + source);
  if (!accounts_->role_known(role)) {
    return refuse(404, "NoSuchEntity", fmt::format("The role with name {} cannot be found.", role));
  }
  std::vector<std::string> resources = call.query.list("ResourceArns.member");
  if (resources.empty()) resources = {"*"};
  Xml xml;
  xml.node("EvaluationResults", [&] {
    for (const std::string& action : call.query.list("ActionNames.member")) {
      for (const std::string& resource : resources) {
        AccessRequest request{.action = action, .resources = {{resource}}};
        request.conditions["aws:requestedregion"] = {model_.region};
        const AccessDecision decision = accounts_->decide({.role = role}, request);
        xml.node("member", [&] {
          xml.leaf("EvalActionName", action).leaf("EvalResourceName", resource);
          xml.leaf("EvalDecision", to_text(decision.verdict));
          xml.node("MatchedStatements", [] {});
          xml.node("MissingContextValues", [] {});
        });
      }
    }
  });
  xml.leaf("IsTruncated", "false");
  return result(call.action, xml.text());
}

}  // namespace mainstay::lab
