#include "adapters/aws/route53.h"

#include <fmt/format.h>

#include "adapters/aws/ec2_question.h"
#include "adapters/aws/route53_reply.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

constexpr std::string_view version_path = "/2013-04-01";

Question get(std::string action, std::string subject, std::string path) {
  return {.service = "route53",
          .action = std::move(action),
          .subject = std::move(subject),
          .effect = Effect::read,
          .method = "GET",
          .path = std::string(version_path) + path};
}

Question get_zone(const std::string& id) {
  return get("GetHostedZone", "hosted zone " + id, "/hostedzone/" + percent_encode(id, ""));
}

Question list_records(const std::string& zone, const std::string& name, RecordType type) {
  const Parameters parameters = {
      {"maxitems", "1"}, {"name", name}, {"type", std::string(type_text(type))}};
  return get("ListResourceRecordSets", fmt::format("{} in hosted zone {}", name, zone),
             fmt::format("/hostedzone/{}/rrset?{}", percent_encode(zone, ""),
                         encode_parameters(parameters)));
}

Question change_records(RecordChange change, const AwsRecord& record) {
  return {
      .service = "route53",
      .action = "ChangeResourceRecordSets",
      .subject = fmt::format("{} in hosted zone {}", record.name, record.zone),
      .effect = Effect::change,
      .method = "POST",
      .path = fmt::format("{}/hostedzone/{}/rrset/", version_path, percent_encode(record.zone, "")),
      .headers = {{"Content-Type", "application/xml"}},
      .body = change_document(change, record)};
}

Question get_change(const std::string& change) {
  return get("GetChange", "change " + change, "/change/" + percent_encode(change, ""));
}

// Route 53 has one code for all that can be wrong with a change; only its sentence says that the
// record set was not there.
bool says_no_such_record(const Fault& fault) {
  if (fault.code != "InvalidChangeBatch") return false;
  return fault.message.find("it was not found") != std::string::npos ||
         fault.message.find("do not match the current values") != std::string::npos;
}

}  // namespace

Task<Result<AwsHostedZone>> Route53::hosted_zone(std::string id, Call call) {
  const auto answer = co_await client_.ask(get_zone(id), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return parse_hosted_zone(*answer);
}

Task<Result<std::optional<AwsRecord>>> Route53::record(std::string zone, std::string name,
                                                       RecordType type, Call call) {
  Question question = list_records(zone, name, type);
  const auto answer = co_await client_.ask(std::move(question), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto records = parse_records(*answer);
  if (!records) co_return std::unexpected(records.error());
  // The list begins at the name that was asked for, and goes on behind it if there is none such.
  for (auto& found : *records) {
    if (found.type != type_text(type) || !same_dns_name(found.name, name)) continue;
    co_return std::optional<AwsRecord>(
        AwsRecord{zone, name, type, std::move(found.values), found.ttl});
  }
  co_return std::optional<AwsRecord>();
}

Task<Result<std::string>> Route53::change_record(RecordChange change, AwsRecord record, Call call) {
  Question question = change_records(change, record);
  const auto answer = co_await client_.ask(std::move(question), call);
  if (!answer) {
    Error error = answer.error().error;
    const bool unknown = error.code == Code::outcome_unknown;
    if (!unknown && says_no_such_record(answer.error().fault)) error.code = Code::not_found;
    co_return std::unexpected(std::move(error));
  }
  auto parsed = parse_change(*answer, "ChangeResourceRecordSets");
  if (parsed) co_return std::move(parsed->id);
  const Status doubtful =
      accepted(std::unexpected(parsed.error()), "Route 53 ChangeResourceRecordSets");
  co_return std::unexpected(doubtful.error());
}

Task<Result<bool>> Route53::change_in_sync(std::string change, Call call) {
  const auto answer = co_await client_.ask(get_change(change), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto parsed = parse_change(*answer, "GetChange");
  if (!parsed) co_return std::unexpected(parsed.error());
  co_return parsed->in_sync;
}

}  // namespace mainstay::aws
