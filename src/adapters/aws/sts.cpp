#include "adapters/aws/sts.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "adapters/aws/role_document.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

Question question(const FromRole& role) {
  Parameters form = {{"Action", "AssumeRole"},
                     {"Version", "2011-06-15"},
                     {"RoleArn", role.role_arn},
                     {"RoleSessionName", role.session_name},
                     {"DurationSeconds", std::to_string(role.duration_s)}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  return {.service = "sts",
          .action = "AssumeRole",
          .subject = role.role_arn,
          .effect = Effect::read,
          .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = encode_parameters(form)};
}

}  // namespace

Result<Credentials> parse_assume_role(std::string_view xml) {
  pugi::xml_document document;
  document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node root = document.document_element();
  pugi::xml_node result = root.child("AssumeRoleResult");
  if (!result) result = root.child("AssumeRoleWithWebIdentityResult");
  const pugi::xml_node found = result.child("Credentials");
  Credentials credentials{.access_key = found.child_value("AccessKeyId"),
                          .secret_key = found.child_value("SecretAccessKey"),
                          .session_token = found.child_value("SessionToken"),
                          .expires = parse_timestamp(found.child_value("Expiration"))};
  if (credentials.access_key.empty() || credentials.secret_key.empty() || !credentials.expires) {
    return failure(Code::corrupt,
                   fmt::format("STS's answer holds no credentials ({} bytes). Is something else "
                               "behind the endpoint?",
                               xml.size()));
  }
  return credentials;
}

Task<Result<Credentials>> assume_role(Client::Parts parts, std::shared_ptr<const FromRole> role,
                                      Call call) {
  Client client(std::move(parts));
  const auto answer = co_await client.ask(question(*role), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return parse_assume_role(*answer);
}

}  // namespace mainstay::aws
