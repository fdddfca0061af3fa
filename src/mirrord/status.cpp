#include "mirrord/status.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace mainstay::mirrord {
namespace {

using mirror::CopyState;
using mirror::Phase;
using mirror::Relation;
using mirror::Standing;
using nlohmann::json;

constexpr std::size_t samples_max = 10;

bool being_made_equal(const mirror::State& core) {
  return core.standing == Standing::syncing || core.standing == Standing::finishing;
}

json latency(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"p50_us", histogram.at_most_us(0.5)},
          {"p99_us", histogram.at_most_us(0.99)},
          {"max_us", histogram.max_us()}};
}

json resync(const EngineStatus& status, std::uint64_t dirty_bytes) {
  const auto running = status.meter.resync(status.core);
  if (!running) return nullptr;
  json object{{"bytes_per_second", std::round(running->bytes_per_second)}};
  object["seconds_left"] = running->bytes_per_second > 0
                               ? json(static_cast<double>(dirty_bytes) / running->bytes_per_second)
                               : json(nullptr);
  return object;
}

json verify(const EngineStatus& status) {
  const mirror::State& core = status.core;
  const auto& shown = core.verify ? core.verify : core.verified;
  if (!shown) return nullptr;
  const mirror::Geometry& geometry = core.settings.geometry;
  const std::uint64_t left = geometry.regions() - std::min(geometry.regions(), shown->compared);
  const double rate = status.meter.verify_rate(core);
  const double bytes_left =
      static_cast<double>(left * geometry.region_sectors * mirror::sector_size);
  return {{"running", core.verify.has_value()},
          {"repairs", shown->repairs},
          {"percent", shown->compared * 100 / geometry.regions()},
          {"bytes_per_second", std::round(rate)},
          {"seconds_left", rate > 0 ? json(bytes_left / rate) : json(nullptr)},
          {"differing_regions", shown->differing},
          {"unreadable_regions", shown->unreadable}};
}

json growth(const mirror::State& core) {
  const std::uint64_t all = growth_bytes(core);
  if (all == 0) return nullptr;
  const std::uint64_t size = core.settings.geometry.sectors * mirror::sector_size;
  return {{"to_bytes", size + all}, {"percent", zeroed_bytes(core) * 100 / all}};
}

json peer(const EngineStatus& status) {
  json object{{"state", peer_state(status.core)}};
  const auto running = status.meter.resync(status.core);
  if (running && running->total > 0) {
    const std::uint64_t left = std::min(status.core.dirty.count(), running->total);
    object["percent"] = (running->total - left) * 100 / running->total;
  }
  return object;
}

// The peer's histories are those it greeted with; whoever follows it since has gone on with it.
bool follows(const mirror::State& core) {
  return core.following != 0 && core.phase == Phase::secondary;
}

}  // namespace

void Meter::began(const mirror::Action& action, Instant now) {
  if (const auto* write = std::get_if<mirror::WriteData>(&action)) {
    writes_.add(write->ticket, now);
  } else if (const auto* flushed = std::get_if<mirror::FlushData>(&action)) {
    flushes_.add(flushed->ticket, now);
  } else if (const auto* sent = std::get_if<mirror::SendMessage>(&action)) {
    const auto* write_to_peer = std::get_if<mirror::Write>(&sent->message.body);
    if (write_to_peer != nullptr) remote_.add(write_to_peer->number, now);
  }
}

void Meter::ended(const mirror::Event& event, Instant now) {
  if (const auto* done = std::get_if<mirror::DataDone>(&event)) {
    if (const auto begun = writes_.take(done->ticket)) local_write.add(now - *begun);
    if (const auto begun = flushes_.take(done->ticket)) flush.add(now - *begun);
  } else if (const auto* received = std::get_if<mirror::Received>(&event)) {
    const auto* written = std::get_if<mirror::Written>(&received->message.body);
    if (written == nullptr) return;
    if (const auto begun = remote_.take(written->number)) remote_write.add(now - *begun);
  }
}

void Meter::sample(const mirror::State& core, Instant now) {
  region_bytes_ = std::uint64_t{core.settings.geometry.region_sectors} * mirror::sector_size;
  const auto keep = [now](std::deque<Sample>& samples, std::uint64_t regions) {
    samples.push_back({now, regions});
    if (samples.size() > samples_max) samples.pop_front();
  };
  if (core.verify) {
    keep(compared_, core.verify->compared);
  } else {
    compared_.clear();
  }
  if (core.standing != Standing::syncing) return samples_.clear();
  if (samples_.empty()) resync_total_ = core.dirty.count();
  keep(samples_, core.dirty.count());
}

double Meter::rate(const std::deque<Sample>& samples) const {
  if (samples.empty()) return 0;
  const Sample& first = samples.front();
  const Sample& last = samples.back();
  const std::uint64_t regions =
      std::max(first.regions, last.regions) - std::min(first.regions, last.regions);
  if (last.at <= first.at) return 0;
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  return static_cast<double>(regions * region_bytes_) / seconds;
}

std::optional<Meter::Resync> Meter::resync(const mirror::State& core) const {
  if (samples_.empty() || core.standing != Standing::syncing) return std::nullopt;
  const bool falls = samples_.front().regions > samples_.back().regions;
  return Resync{.total = resync_total_, .bytes_per_second = falls ? rate(samples_) : 0};
}

double Meter::verify_rate(const mirror::State& core) const {
  return core.verify ? rate(compared_) : 0;
}

std::string own_state(const mirror::State& core) {
  if (core.phase == Phase::opening || core.phase == Phase::broken) return "unknown";
  if (core.wanted.state == CopyState::inconsistent) {
    return core.following != 0 ? "recovering" : "inconsistent";
  }
  if (core.phase != Phase::primary && core.peer && !follows(core) && !overrules_peer(core)) {
    if (overruled_by_peer(core)) return "outdated";
    const Relation relation = compare(core.wanted.generations, core.peer->generations);
    if (relation == Relation::behind) return "outdated";
    if (relation == Relation::diverged || relation == Relation::unrelated) return "diverged";
  }
  return "up to date";
}

std::string peer_state(const mirror::State& core) {
  if (being_made_equal(core)) return "recovering";
  if (core.standing == Standing::paired || follows(core)) return "up to date";
  if (core.peer) {
    if (core.peer->state == CopyState::inconsistent) return "inconsistent";
    if (overrules_peer(core)) return "outdated";
    const Relation relation = compare(core.wanted.generations, core.peer->generations);
    if (relation == Relation::ahead || relation == Relation::ahead_by_all) return "outdated";
    if (relation == Relation::diverged || relation == Relation::unrelated) return "diverged";
    return "up to date";
  }
  // What we have written alone, it has not.
  return core.phase == Phase::primary && !core.durable.shared ? "outdated" : "unknown";
}

std::string to_line(std::uint64_t id, const EngineStatus& status) {
  const mirror::State& core = status.core;
  const mirror::Geometry& geometry = core.settings.geometry;
  const std::uint64_t dirty = core.dirty.count() * geometry.region_sectors * mirror::sector_size;
  const bool waits = core.phase == Phase::primary && core.record_busy != 0;
  const json object{
      {"id", id},
      {"ok", true},
      {"name", status.config.name},
      {"copy", status.config.copy},
      {"role", to_text(core.phase)},
      {"term", core.wanted.term},
      {"since_seconds", status.in_role / 1s},
      {"own", {{"state", own_state(core)}}},
      {"peer", peer(status)},
      {"standing", to_text(core.standing)},
      {"connected", status.connected},
      {"path", status.path},
      {"peer_silent_seconds", status.peer_silent ? json(*status.peer_silent / 1s) : json(nullptr)},
      {"broken_off", status.broken_off},
      {"dirty_bytes", dirty},
      {"resync", resync(status, dirty)},
      {"verify", verify(status)},
      {"device", status.device},
      {"device_size", status.device_bytes},
      {"grown_from", core.durable.grown_from * mirror::sector_size},
      {"growth", growth(core)},
      {"trouble", status.trouble},
      {"engine_restarts", status.restarts},
      {"queue_depth", status.queue_depth},
      {"waiting_for_record", waits},
      {"latency",
       {{"local_write", latency(status.meter.local_write)},
        {"remote_write", latency(status.meter.remote_write)},
        {"flush", latency(status.meter.flush)}}},
  };
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mainstay::mirrord
