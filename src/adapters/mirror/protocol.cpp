#include "adapters/mirror/protocol.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "adapters/arbiter/base64.h"

namespace mainstay::adapters {
namespace {

using Json = nlohmann::json;

constexpr double seconds_max = 1e9;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json request(const char* what) { return {{"id", 1}, {"do", what}}; }

// nullopt: no object.
std::optional<Json> object_from(std::string_view line) {
  if (line.size() > mirror_line_max) return std::nullopt;
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

const Json& member(const Json& json, const char* key) {
  static const Json none;
  if (!json.is_object()) return none;
  const auto found = json.find(key);
  return found == json.end() ? none : *found;
}

std::string text(const Json& json, const char* key) {
  const Json& value = member(json, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::uint64_t number(const Json& json, const char* key) {
  const Json& value = member(json, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

bool flag(const Json& json, const char* key) {
  const Json& value = member(json, key);
  return value.is_boolean() && value.get<bool>();
}

std::optional<double> fraction(const Json& json, const char* key) {
  const Json& value = member(json, key);
  if (!value.is_number()) return std::nullopt;
  const double found = value.get<double>();
  if (!std::isfinite(found) || found < 0) return std::nullopt;
  return found;
}

Code code_from(std::string_view word) {
  for (int each = 0; each <= static_cast<int>(Code::cancelled); ++each) {
    if (to_text(static_cast<Code>(each)) == word) return static_cast<Code>(each);
  }
  return Code::conflict;
}

Result<Json> answer_from(std::string_view line) {
  auto json = object_from(line);
  if (!json || !member(*json, "ok").is_boolean()) {
    return failure(Code::corrupt, "the mirror's engine gave no answer that can be read");
  }
  if (flag(*json, "ok")) return std::move(*json);
  std::string why = text(*json, "text");
  if (why.empty()) why = "the mirror's engine refused without a reason";
  return failure(code_from(text(*json, "code")), std::move(why));
}

void take_resync(const Json& json, MirrorStatus& status) {
  const Json& resync = member(json, "resync");
  status.resync_rate = number(resync, "bytes_per_second");
  const auto left = fraction(resync, "seconds_left");
  if (left && *left < seconds_max) {
    status.time_left = Duration(static_cast<std::int64_t>(*left * 1e9));
  }
  for (const char* side : {"own", "peer"}) {
    const auto percent = fraction(member(json, side), "percent");
    if (percent) status.recovered_percent = percent;
  }
}

void take_verify(const Json& json, MirrorStatus& status) {
  const Json& verify = member(json, "verify");
  if (!verify.is_object()) return;
  MirrorVerify& told = status.verify.emplace();
  told.running = flag(verify, "running");
  told.repairs = flag(verify, "repairs");
  told.percent = fraction(verify, "percent").value_or(0);
  told.rate = static_cast<std::uint64_t>(fraction(verify, "bytes_per_second").value_or(0));
  const auto left = fraction(verify, "seconds_left");
  if (left && *left < seconds_max)
    told.time_left = Duration(static_cast<std::int64_t>(*left * 1e9));
  told.differing_regions = number(verify, "differing_regions");
  told.unreadable_regions = number(verify, "unreadable_regions");
}

void take_growth(const Json& json, MirrorStatus& status) {
  const Json& growth = member(json, "growth");
  if (!growth.is_object()) return;
  status.growth = {.to = number(growth, "to_bytes"),
                   .percent = fraction(growth, "percent").value_or(0)};
}

void take_latencies(const Json& json, MirrorStatus& status) {
  const Json& latencies = member(json, "latency");
  if (!latencies.is_object()) return;
  for (const auto& [name, each] : latencies.items()) {
    status.latencies[name] = {.count = number(each, "count"),
                              .p50_us = number(each, "p50_us"),
                              .p99_us = number(each, "p99_us"),
                              .max_us = number(each, "max_us")};
  }
}

CopyState state_of(const Json& json, const char* side) {
  return copy_state_from(text(member(json, side), "state")).value_or(CopyState::unknown);
}

}  // namespace

std::string promote_request(std::uint64_t term) {
  Json json = request("promote");
  json["term"] = term;
  return line_of(json);
}

std::string demote_request(Mirror::Demotion how) {
  Json json = request("demote");
  if (how == Mirror::Demotion::forced) json["force"] = true;
  return line_of(json);
}

std::string status_request() { return line_of(request("status")); }

std::string order_request(MirrorOrder order) {
  return line_of(request(std::string(to_text(order)).c_str()));
}

std::string serve_record_request() { return line_of(request("serve_record")); }

Status outcome_from(std::string_view line) {
  const auto answer = answer_from(line);
  return answer ? Status{} : std::unexpected(answer.error());
}

Result<MirrorStatus> mirror_status_from(std::string_view line) {
  const auto answer = answer_from(line);
  if (!answer) return std::unexpected(answer.error());
  const auto role = mirror_role_from(text(*answer, "role"));
  if (!role) return failure(Code::corrupt, "the mirror's engine does not say what it is");
  MirrorStatus status;
  status.name = text(*answer, "name");
  status.role = *role;
  status.term = number(*answer, "term");
  status.own = *role == MirrorRole::broken ? CopyState::failed : state_of(*answer, "own");
  status.peer = state_of(*answer, "peer");
  status.connected = flag(*answer, "connected");
  status.broken_off = flag(*answer, "broken_off");
  if (const Json& silent = member(*answer, "peer_silent_seconds"); silent.is_number_unsigned()) {
    status.peer_silent = std::chrono::seconds(silent.get<std::uint32_t>());
  }
  status.path = text(*answer, "path");
  status.dirty_bytes = number(*answer, "dirty_bytes");
  status.device = text(*answer, "device");
  status.size = number(*answer, "device_size");
  status.grown_from = number(*answer, "grown_from");
  status.queue = number(*answer, "queue_depth");
  status.waiting_for_record = flag(*answer, "waiting_for_record");
  status.restarts = number(*answer, "engine_restarts");
  status.trouble = text(*answer, "trouble");
  take_resync(*answer, status);
  take_verify(*answer, status);
  take_growth(*answer, status);
  take_latencies(*answer, status);
  return status;
}

std::optional<RecordQuestion> record_question_from(std::string_view line) {
  const auto json = object_from(line);
  if (!json || !member(*json, "ask").is_number_unsigned()) return std::nullopt;
  RecordQuestion question{.number = number(*json, "ask")};
  const std::string what = text(*json, "record");
  if (what == "read") return question;
  const auto value = from_base64(text(*json, "value"));
  if (what != "swap" || !value || !member(*json, "expected").is_number_unsigned()) {
    return std::nullopt;
  }
  question.swap = true;
  question.expected = number(*json, "expected");
  question.value = *value;
  return question;
}

std::string read_answer(std::uint64_t asked, const Result<ArbiterRecord>& record) {
  Json json{{"answer", asked}, {"ok", record.has_value()}};
  if (record) {
    json["version"] = record->version;
    json["value"] = to_base64(record->value);
  } else {
    json["text"] = record.error().message;
  }
  return line_of(json);
}

std::string swap_answer(std::uint64_t asked, const Result<RecordVersion>& version) {
  Json json{{"answer", asked}};
  if (version) {
    json["outcome"] = "done";
    json["version"] = *version;
  } else {
    json["outcome"] = version.error().code == Code::conflict ? "lost" : "unknown";
    json["text"] = version.error().message;
  }
  return line_of(json);
}

}  // namespace mainstay::adapters
