#include "api/mirror_json.h"

namespace mainstay::api {
namespace {

Json copy_json(CopyState state) {
  return {{"state", to_text(state)}, {"colour", colour_of(state)}};
}

template <class T, class Make>
Json or_null(const std::optional<T>& value, Make make) {
  return value ? Json(make(*value)) : Json();
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Json latency_json(const MirrorLatency& latency) {
  return {{"count", latency.count},
          {"p50_us", latency.p50_us},
          {"p99_us", latency.p99_us},
          {"max_us", latency.max_us}};
}

Json verify_json(const MirrorVerify& verify) {
  return {{"running", verify.running},
          {"repairs", verify.repairs},
          {"percent", verify.percent},
          {"bytes_per_second", verify.rate},
          {"time_left_ms", or_null(verify.time_left, milliseconds)},
          {"differing_regions", verify.differing_regions},
          {"unreadable_regions", verify.unreadable_regions}};
}

Json growth_json(const MirrorGrowth& growth) {
  return {{"to_bytes", growth.to}, {"percent", growth.percent}};
}

Json status_json(const MirrorStatus& status) {
  Json latencies = Json::object();
  for (const auto& [name, latency] : status.latencies) latencies[name] = latency_json(latency);
  return {{"role", to_text(status.role)},
          {"term", status.term},
          {"own", copy_json(status.own)},
          {"peer", copy_json(status.peer)},
          {"connected", status.connected},
          {"broken_off", status.broken_off},
          {"peer_silent_ms", or_null(status.peer_silent, milliseconds)},
          {"path", status.path},
          {"dirty_bytes", status.dirty_bytes},
          {"recovered_percent", or_null(status.recovered_percent, std::identity())},
          {"resync_bytes_per_second", status.resync_rate},
          {"time_left_ms", or_null(status.time_left, milliseconds)},
          {"verify", or_null(status.verify, verify_json)},
          {"device", status.device},
          {"size", status.size},
          {"grown_from", status.grown_from},
          {"growth", or_null(status.growth, growth_json)},
          {"queue", status.queue},
          {"waiting_for_record", status.waiting_for_record},
          {"engine_restarts", status.restarts},
          {"trouble", status.trouble},
          {"latency", std::move(latencies)}};
}

void take_copy(const Json& json, const char* key, CopyState& into) {
  if (const Json* copy = field(json, key)) take_word(*copy, "state", CopyState::failed, into);
}

MirrorLatency latency_of(const Json& json) {
  MirrorLatency latency;
  take(json, "count", latency.count);
  take(json, "p50_us", latency.p50_us);
  take(json, "p99_us", latency.p99_us);
  take(json, "max_us", latency.max_us);
  return latency;
}

void take_progress(const Json& json, MirrorStatus& status) {
  take(json, "dirty_bytes", status.dirty_bytes);
  take(json, "resync_bytes_per_second", status.resync_rate);
  if (const Json* percent = field(json, "recovered_percent"); percent && percent->is_number()) {
    status.recovered_percent = percent->get<double>();
  }
  if (const Json* left = field(json, "time_left_ms"); left && left->is_number()) {
    status.time_left = std::chrono::milliseconds(left->get<std::int64_t>());
  }
}

void take_verify(const Json& json, MirrorVerify& verify) {
  take(json, "running", verify.running);
  take(json, "repairs", verify.repairs);
  if (const Json* percent = field(json, "percent"); percent && percent->is_number()) {
    verify.percent = percent->get<double>();
  }
  take(json, "bytes_per_second", verify.rate);
  if (const Json* left = field(json, "time_left_ms"); left && left->is_number()) {
    verify.time_left = std::chrono::milliseconds(left->get<std::int64_t>());
  }
  take(json, "differing_regions", verify.differing_regions);
  take(json, "unreadable_regions", verify.unreadable_regions);
}

void take_growth(const Json& json, MirrorGrowth& growth) {
  take(json, "to_bytes", growth.to);
  if (const Json* percent = field(json, "percent"); percent && percent->is_number()) {
    growth.percent = percent->get<double>();
  }
}

MirrorStatus status_of(const Json& json, const std::string& name) {
  MirrorStatus status{.name = name};
  take_word(json, "role", MirrorRole::broken, status.role);
  take(json, "term", status.term);
  take_copy(json, "own", status.own);
  take_copy(json, "peer", status.peer);
  take(json, "connected", status.connected);
  take(json, "broken_off", status.broken_off);
  take(json, "path", status.path);
  if (const Json* silent = field(json, "peer_silent_ms"); silent && silent->is_number()) {
    status.peer_silent = std::chrono::milliseconds(silent->get<std::int64_t>());
  }
  if (const Json* verify = field(json, "verify"); verify && verify->is_object()) {
    take_verify(*verify, status.verify.emplace());
  }
  take_progress(json, status);
  take(json, "device", status.device);
  take(json, "size", status.size);
  take(json, "grown_from", status.grown_from);
  if (const Json* growth = field(json, "growth"); growth && growth->is_object()) {
    take_growth(*growth, status.growth.emplace());
  }
  take(json, "queue", status.queue);
  take(json, "waiting_for_record", status.waiting_for_record);
  take(json, "engine_restarts", status.restarts);
  take(json, "trouble", status.trouble);
  if (const Json* latencies = field(json, "latency"); latencies && latencies->is_object()) {
    for (const auto& [what, latency] : latencies->items()) {
      status.latencies[what] = latency_of(latency);
    }
  }
  return status;
}

}  // namespace

Json mirror_json(const MirrorReport& report) {
  Json json{{"name", report.mirror.value}, {"group", report.group.value}, {"why", report.why}};
  json["status"] = or_null(report.status, status_json);
  return json;
}

MirrorReport mirror_of(const Json& json) {
  MirrorReport report;
  take(json, "name", report.mirror.value);
  take(json, "group", report.group.value);
  take(json, "why", report.why);
  if (const Json* status = field(json, "status"); status && status->is_object()) {
    report.status = status_of(*status, report.mirror.value);
  }
  return report;
}

}  // namespace mainstay::api
