// The API's JSON (docs/api.md), both ways: the daemon writes it, the command line reads it. Readers
// take what they know and ignore the rest, so that a newer daemon can be asked by an older command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/control.h"

namespace mainstay::api {

std::string to_json(const StatusReport& report);
std::string to_json(const ShutdownStatus& shutdown);
std::string to_json(const EventRecord& event);
std::string to_json(const Error& error);
// {"events": [...], "next": N}: ask again with since=N.
std::string events_to_json(const std::vector<EventRecord>& events, std::uint64_t since);

// The record of a group's activations, as several nodes remember it.
struct WhyReport {
  std::string group;
  std::vector<ActivationRecord> activations;  // newest first
  std::vector<std::string> unanswered;        // nodes that could not be asked
};
std::string to_json(const WhyReport& report);

Result<StatusReport> status_from_json(std::string_view text);
Result<EventRecord> event_from_json(std::string_view text);
Result<std::vector<EventRecord>> events_from_json(std::string_view text);
Result<WhyReport> why_from_json(std::string_view text);
struct VersionReport {
  std::string version;
  std::string node;
};
std::string to_json(const VersionReport& report);
Result<VersionReport> version_from_json(std::string_view text);

// The error of a reply; what is no error object becomes an error that quotes it.
Error error_from_json(std::string_view text);

// An order's body: a flat object of strings. invalid: it is something else, or has other keys than
// these.
Result<std::map<std::string, std::string>> order_from_json(
    std::string_view text, const std::vector<std::string_view>& known_keys);
std::string order_to_json(const std::map<std::string, std::string>& order);

// "outcome_unknown": the code as it stands in JSON.
std::string code_word(Code code);
// "2026-11-23T06:15:01.250Z" back into a time; nothing else is understood.
Result<WallTime> time_from_text(std::string_view text);

}  // namespace mainstay::api
