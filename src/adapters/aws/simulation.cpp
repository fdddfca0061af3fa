// What IAM says of a change that has no trial: whoever asks is found by STS, and IAM simulates its
// policies. Both are asked only by the doctor, and only where they permit it.
#include <fmt/format.h>

#include <pugixml.hpp>

#include "adapters/aws/survey.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

struct Principal {
  std::string arn;  // of the user or role whose policies count
  std::string account;
  std::string partition;
};

Question query(std::string service, std::string action, std::string version,
               const Parameters& parameters) {
  Parameters form = {{"Action", action}, {"Version", std::move(version)}};
  form.insert(form.end(), parameters.begin(), parameters.end());
  return {.service = std::move(service),
          .action = std::move(action),
          .subject = "our own identity",
          .effect = Effect::read,
          .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = encode_parameters(form)};
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// "arn:aws:sts::111122223333:assumed-role/node/i-1" asks by the policies of
// "arn:aws:iam::111122223333:role/node". The path of a role is not in the former.
std::optional<Principal> principal_in(const std::string& xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const std::string arn =
      document.document_element().child("GetCallerIdentityResult").child_value("Arn");
  const auto parts = parts_of(arn, ':');
  if (parts.size() != 6) return std::nullopt;
  Principal principal{.arn = arn, .account = parts[4], .partition = parts[1]};
  const auto names = parts_of(parts[5], '/');
  if (names[0] == "assumed-role" && names.size() == 3) {
    principal.arn =
        fmt::format("arn:{}:iam::{}:role/{}", principal.partition, principal.account, names[1]);
  }
  return principal;
}

std::unexpected<Error> unasked(const std::string& why) {
  return failure(Code::unavailable, "IAM could not be asked to simulate it: " + why);
}

}  // namespace

Status parse_simulation(std::string_view xml, const std::string& action) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node member = document.document_element()
                                    .child("SimulatePrincipalPolicyResult")
                                    .child("EvaluationResults")
                                    .child("member");
  const std::string decision = member.child_value("EvalDecision");
  if (decision == "allowed") return {};
  if (decision.empty() || member.child_value("EvalActionName") != action) {
    return unasked("its answer says nothing of " + action);
  }
  const bool forbidden = decision == "explicitDeny";
  return failure(Code::denied,
                 fmt::format("by IAM's simulation of its policies, {}",
                             forbidden ? "a policy denies it explicitly: remove that statement"
                                       : "none permits it"));
}

Task<Status> Ec2Survey::may_assign_private_ip(std::string eni, Call call) {
  const std::string action = "ec2:AssignPrivateIpAddresses";
  Question who = query("sts", "GetCallerIdentity", "2011-06-15", {});
  const auto told = co_await parts_.client.ask(std::move(who), call);
  if (!told) co_return unasked(told.error().error.message);
  const auto principal = principal_in(*told);
  if (!principal) co_return unasked("STS does not say who we are");
  const auto endpoint = co_await parts_.endpoint("ec2", call);
  if (!endpoint) co_return unasked(endpoint.error().message);
  Question trial =
      query("iam", "SimulatePrincipalPolicy", "2010-05-08",
            {{"PolicySourceArn", principal->arn},
             {"ActionNames.member.1", action},
             {"ResourceArns.member.1",
              fmt::format("arn:{}:ec2:{}:{}:network-interface/{}", principal->partition,
                          endpoint->region, principal->account, eni)}});
  const auto answer = co_await parts_.client.ask(std::move(trial), call);
  if (!answer) co_return unasked(answer.error().error.message);
  co_return parse_simulation(*answer, action);
}

}  // namespace mainstay::aws
