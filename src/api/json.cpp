// The readers take a field if it is there and of its kind, else its default.
#include "api/json.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/json_fields.h"
#include "api/warnings.h"

namespace mainstay::api {
namespace {

Json json_of(const EventRecord& event) {
  return {
      {"number", event.number}, {"time", to_text(event.time)}, {"monotonic_ns", event.monotonic_ns},
      {"node", event.node},     {"severity", event.severity},  {"subject", event.subject},
      {"text", event.text}};
}

EventRecord event_of(const Json& json) {
  EventRecord event;
  take(json, "number", event.number);
  event.time = time_from_text(text_field(json, "time")).value_or(WallTime{});
  take(json, "monotonic_ns", event.monotonic_ns);
  take(json, "node", event.node);
  take(json, "severity", event.severity);
  take(json, "subject", event.subject);
  take(json, "text", event.text);
  return event;
}

Json json_of(const ActivationRecord& record) {
  Json clearances = Json::array();
  for (const auto& clearance : record.clearances) {
    clearances.push_back({{"node", clearance.node},
                          {"evidence", clearance.evidence},
                          {"strong", clearance.strong},
                          {"why", clearance.why}});
  }
  return {{"group", record.group},
          {"term", record.term},
          {"node", record.node},
          {"time", to_text(record.time)},
          {"monotonic_ns", record.monotonic_ns},
          {"reason", record.reason},
          {"clearances", std::move(clearances)}};
}

ActivationRecord activation_of(const Json& json) {
  ActivationRecord record;
  take(json, "group", record.group);
  take(json, "term", record.term);
  take(json, "node", record.node);
  record.time = time_from_text(text_field(json, "time")).value_or(WallTime{});
  take(json, "monotonic_ns", record.monotonic_ns);
  take(json, "reason", record.reason);
  for (const auto& element : list_field(json, "clearances")) {
    ClearanceRecord clearance;
    take(element, "node", clearance.node);
    take(element, "evidence", clearance.evidence);
    take(element, "strong", clearance.strong);
    take(element, "why", clearance.why);
    record.clearances.push_back(std::move(clearance));
  }
  return record;
}

}  // namespace

std::string to_json(const EventRecord& event) { return text_of(json_of(event)); }

std::string events_to_json(const std::vector<EventRecord>& events, std::uint64_t since) {
  Json list = Json::array();
  for (const auto& event : events) list.push_back(json_of(event));
  const std::uint64_t next = events.empty() ? since : events.back().number;
  return text_of({{"events", std::move(list)}, {"next", next}});
}

std::string to_json(const Error& error) {
  Json json{{"code", code_word(error.code)}, {"message", error.message}};
  if (error.number != 0) json["number"] = error.number;
  return text_of(json);
}

std::string to_json(const WhyReport& report) {
  Json list = Json::array();
  for (const auto& record : report.activations) list.push_back(json_of(record));
  return text_of({{"group", report.group},
                  {"activations", std::move(list)},
                  {"unanswered", report.unanswered}});
}

Result<EventRecord> event_from_json(std::string_view text) {
  const auto json = parse(text);
  if (!json) return std::unexpected(json.error());
  return event_of(*json);
}

Result<std::vector<EventRecord>> events_from_json(std::string_view text) {
  const auto json = parse(text);
  if (!json) return std::unexpected(json.error());
  std::vector<EventRecord> events;
  for (const auto& element : list_field(*json, "events")) events.push_back(event_of(element));
  return events;
}

Result<WhyReport> why_from_json(std::string_view text) {
  const auto json = parse(text);
  if (!json) return std::unexpected(json.error());
  WhyReport report;
  take(*json, "group", report.group);
  take(*json, "unanswered", report.unanswered);
  for (const auto& element : list_field(*json, "activations")) {
    report.activations.push_back(activation_of(element));
  }
  return report;
}

std::string to_json(const VersionReport& report) {
  return text_of({{"version", report.version}, {"node", report.node}, {"api", 1}});
}

Result<VersionReport> version_from_json(std::string_view text) {
  const auto json = parse(text);
  if (!json) return std::unexpected(json.error());
  return VersionReport{text_field(*json, "version"), text_field(*json, "node")};
}

Error error_from_json(std::string_view text) {
  const auto json = parse(text);
  const std::string word = json ? text_field(*json, "code") : "";
  for (int code = 0; code <= static_cast<int>(Code::cancelled); ++code) {
    if (code_word(static_cast<Code>(code)) != word) continue;
    Error error{static_cast<Code>(code), text_field(*json, "message")};
    take(*json, "number", error.number);
    return error;
  }
  return {Code::unavailable,
          fmt::format("the daemon gave an answer that is none: '{}'", text.substr(0, 200))};
}

Result<std::map<std::string, std::string>> order_from_json(
    std::string_view text, const std::vector<std::string_view>& known_keys) {
  std::map<std::string, std::string> order;
  if (text.empty()) return order;
  const auto json = parse(text);
  if (!json || !json->is_object()) {
    return failure(Code::invalid, "the body of an order is a JSON object, {\"key\": \"text\"}");
  }
  for (const auto& [key, value] : json->items()) {
    if (std::ranges::find(known_keys, key) == known_keys.end()) {
      return failure(
          Code::invalid,
          fmt::format(
              "the order has no key '{}'; known here: {}", key,
              known_keys.empty() ? "none" : fmt::format("{}", fmt::join(known_keys, ", "))));
    }
    if (!value.is_string()) {
      return failure(Code::invalid, fmt::format("the order's key '{}' must be a text", key));
    }
    order[key] = value.get<std::string>();
  }
  return order;
}

std::string order_to_json(const std::map<std::string, std::string>& order) {
  return text_of(Json(order));
}

std::string code_word(Code code) {
  std::string word(to_text(code));
  std::ranges::replace(word, ' ', '_');
  return word;
}

Result<WallTime> time_from_text(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, millisecond = 0;
  const int found = std::sscanf(std::string(text).c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ", &year,
                                &month, &day, &hour, &minute, &second, &millisecond);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (found != 7 || !date.ok()) {
    return failure(Code::invalid, fmt::format("'{}' is not a time like 2026-11-23T06:15:01.250Z",
                                              text.substr(0, 40)));
  }
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second) +
                  std::chrono::milliseconds(millisecond));
}

}  // namespace mainstay::api
