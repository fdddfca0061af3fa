#include "sim/mirror/environment.h"

#include <algorithm>
#include <array>

namespace mainstay::mirror_sim {
namespace {

struct Habit {
  FaultKind kind;
  double in_a_world;      // how likely it is to happen at all
  Duration between_most;  // mean time between two, in the worst worlds
  Span length;
};

constexpr std::array<Habit, fault_kinds> habits = {{
    {FaultKind::engine_killed, 0.5, 3s, {20ms, 2s}},
    {FaultKind::power_lost, 0.5, 4s, {200ms, 5s}},
    {FaultKind::all_power_lost, 0.3, 8s, {200ms, 4s}},
    {FaultKind::frozen, 0.4, 5s, {300ms, 6s}},
    {FaultKind::link_cut, 0.6, 3s, {10ms, 5s}},
    {FaultKind::arbiter_down, 0.3, 5s, {200ms, 5s}},
    {FaultKind::arbiter_flaky, 0.4, 4s, {1s, 8s}},
    {FaultKind::disk_stalls, 0.4, 4s, {100ms, 4s}},
    {FaultKind::disk_fails, 0.2, 8s, {10ms, 500ms}},
    {FaultKind::moved, 0.5, 3s, {1ms, 1ms}},
    {FaultKind::isolated, 0.4, 5s, {1ms, 1ms}},
    {FaultKind::disk_replaced, 0.15, 8s, {200ms, 2s}},
    {FaultKind::forced, 0.3, 3s, {200ms, 2s}},
    {FaultKind::disk_rots, 0.3, 4s, {1ms, 1ms}},
    {FaultKind::verified, 0.5, 3s, {1ms, 1ms}},
    {FaultKind::enlarged, 0.6, 3s, {1ms, 1s}},
    {FaultKind::resized, 0.8, 2s, {1ms, 6s}},
}};

void draw_faults(Random& random, const std::vector<FaultKind>& wanted, Environment& environment) {
  const double hell = 0.2 + 0.8 * random.fraction();
  for (const Habit& habit : habits) {
    const bool is_wanted = std::ranges::find(wanted, habit.kind) != wanted.end();
    const bool happens = random.chance(habit.in_a_world) || is_wanted;
    const Duration mean = is_wanted
                              ? habit.between_most / 2
                              : std::chrono::duration_cast<Duration>(habit.between_most / hell);
    Duration at = 1s + random.between(Duration{}, 2 * mean);
    while (happens && at < environment.faults_for) {
      environment.faults.push_back({.kind = habit.kind,
                                    .begin = at,
                                    .length = habit.length.draw(random),
                                    .copy = static_cast<mirror::Copy>(random.below(2))});
      at += random.between(mean / 10, 2 * mean);
    }
  }
  std::ranges::stable_sort(environment.faults, {}, &Fault::begin);
}

Span around(Random& random, Duration slowest) {
  const Duration high = random.between(slowest / 20, slowest);
  return {high / 10, high};
}

}  // namespace

std::string_view to_text(FaultKind kind) {
  switch (kind) {
    case FaultKind::engine_killed:
      return "the engine is killed";
    case FaultKind::power_lost:
      return "the power is lost";
    case FaultKind::all_power_lost:
      return "the power is lost everywhere";
    case FaultKind::frozen:
      return "the machine is frozen";
    case FaultKind::link_cut:
      return "the link is cut";
    case FaultKind::arbiter_down:
      return "the arbiter is down";
    case FaultKind::arbiter_flaky:
      return "the arbiter is flaky";
    case FaultKind::disk_stalls:
      return "the disk stalls";
    case FaultKind::disk_fails:
      return "the disk fails";
    case FaultKind::moved:
      return "the cluster moves the group";
    case FaultKind::isolated:
      return "the primary's node is believed dead";
    case FaultKind::disk_replaced:
      return "the disk is replaced";
    case FaultKind::forced:
      return "a person chooses a copy";
    case FaultKind::disk_rots:
      return "the disk rots";
    case FaultKind::verified:
      return "the copies are to be compared";
    case FaultKind::enlarged:
      return "the partition is enlarged";
    case FaultKind::resized:
      return "the copies are to use all of their partitions";
  }
  return "?";
}

Environment draw_environment(Random& random, const std::vector<FaultKind>& wanted) {
  Environment environment;
  mirror::Geometry& geometry = environment.geometry;
  geometry.region_sectors = 1u << random.between(1, 3);
  geometry.zone_regions = 1u << random.between(1, 3);
  geometry.sectors = static_cast<std::uint64_t>(random.between(64, 512));
  geometry.log_slots = static_cast<std::uint32_t>(random.between(2, 8));
  environment.built = random.chance(0.85);
  environment.resync_window = static_cast<std::uint32_t>(random.between(1, 8));
  if (random.chance(0.3)) environment.resync_limit = 1u << random.between(15, 20);
  environment.resync_by_checksum = random.chance(0.3);
  environment.peer_timeout = random.between(1s, 6s);
  environment.promote_wait = random.between(100ms, 1s);
  environment.disk = around(random, 8ms);
  environment.metadata = around(random, 8ms);
  environment.network = around(random, 8ms);
  environment.arbiter = around(random, 60ms);
  environment.several_connections = random.chance(0.5);
  environment.straggles = random.chance(0.5) ? 0.01 : 0;
  environment.think = random.between(1ms, 20ms);
  environment.depth = static_cast<std::size_t>(random.between(1, 8));
  environment.flushes = random.chance(0.2) ? 0.005 : 0.02 + 0.2 * random.fraction();
  environment.durable = random.chance(0.5) ? 0 : 0.2 * random.fraction();
  environment.zeroes = 0.1 * random.fraction();
  environment.reads = 0.4 * random.fraction();
  draw_faults(random, wanted, environment);
  environment.sectors_max = geometry.sectors + static_cast<std::uint64_t>(random.between(1, 256));
  return environment;
}

}  // namespace mainstay::mirror_sim
