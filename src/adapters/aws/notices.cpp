#include "adapters/aws/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "adapters/aws/role_document.h"

namespace mainstay::aws {
namespace {

using Json = nlohmann::json;

std::string member(const Json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

std::unexpected<Error> no_document(std::string_view what, std::string_view text) {
  return failure(Code::corrupt,
                 fmt::format("the instance metadata service's {} makes no sense ({} bytes)", what,
                             text.size()));
}

// "21 Jan 2019 09:00:43 GMT"
std::optional<WallTime> parse_event_time(const std::string& text) {
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto space = text.find(' ');
  if (space == std::string::npos || space > 2 || text.size() < space + 18) return std::nullopt;
  const std::string day = space == 1 ? "0" + text.substr(0, 1) : text.substr(0, 2);
  const auto month = std::ranges::find(months, std::string_view(text).substr(space + 1, 3));
  if (month == months.end()) return std::nullopt;
  return parse_timestamp(fmt::format("{}-{:02}-{}T{}Z", text.substr(space + 5, 4),
                                     month - months.begin() + 1, day, text.substr(space + 10, 8)));
}

// Nothing there is nothing announced.
Task<Result<std::string>> read_if_there(Metadata& metadata, std::string path, Call call) {
  auto answer = co_await metadata.read(std::move(path), call);
  if (!answer && answer.error().code == Code::not_found) co_return std::string();
  co_return answer;
}

struct Document {
  const char* path;
  Result<std::vector<AwsNotice>> (*parse)(std::string_view text);
};

Result<std::vector<AwsNotice>> lifecycle(std::string_view state) { return parse_lifecycle(state); }

constexpr std::array<Document, 4> documents = {
    {{"meta-data/spot/instance-action", parse_instance_action},
     {"meta-data/events/recommendations/rebalance", parse_rebalance},
     {"meta-data/events/maintenance/scheduled", parse_maintenance},
     {"meta-data/autoscaling/target-lifecycle-state", lifecycle}}};

}  // namespace

Result<std::vector<AwsNotice>> parse_instance_action(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || member(document, "action").empty()) {
    return no_document("instance action", text);
  }
  return std::vector<AwsNotice>{{NoticeKind::spot_interruption, member(document, "action"),
                                 parse_timestamp(member(document, "time"))}};
}

Result<std::vector<AwsNotice>> parse_rebalance(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("noticeTime")) {
    return no_document("rebalance recommendation", text);
  }
  return std::vector<AwsNotice>{{NoticeKind::rebalance, "rebalance recommendation", std::nullopt}};
}

Result<std::vector<AwsNotice>> parse_maintenance(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_array()) return no_document("list of scheduled events", text);
  std::vector<AwsNotice> notices;
  for (const Json& event : document) {
    if (!event.is_object()) return no_document("list of scheduled events", text);
    if (member(event, "State") != "active") continue;
    notices.push_back({NoticeKind::maintenance,
                       fmt::format("{}: {}", member(event, "Code"), member(event, "Description")),
                       parse_event_time(member(event, "NotBefore"))});
  }
  return notices;
}

std::vector<AwsNotice> parse_lifecycle(std::string_view state) {
  if (state != "Terminated" && !state.starts_with("Warmed:")) return {};
  return {{NoticeKind::scale_in, std::string(state), std::nullopt}};
}

Task<Result<std::vector<AwsNotice>>> read_notices(Metadata& metadata, Call call) {
  std::vector<AwsNotice> all;
  for (const Document& document : documents) {
    const auto text = co_await read_if_there(metadata, document.path, call);
    if (!text) co_return std::unexpected(text.error());
    if (text->empty()) continue;
    auto notices = document.parse(*text);
    if (!notices) co_return std::unexpected(notices.error());
    std::ranges::move(*notices, std::back_inserter(all));
  }
  co_return all;
}

}  // namespace mainstay::aws
