// A daemon for tests: what it is asked is written down, what it answers is set.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "api/router.h"

namespace mainstay::api {

inline NodeStatus fake_node(const char* name, Trust trust) {
  NodeStatus node{.name = NodeName(name), .trust = trust, .phase = NodePhase::member};
  node.incarnation = 3;
  return node;
}

// Two nodes, one group that runs on a.
inline StatusReport fake_report() {
  StatusReport report;
  auto& cluster = report.cluster;
  cluster.cluster = "shop";
  cluster.self = cluster.coordinator = NodeName("a");
  cluster.config_digest = 0x00ff12;
  cluster.permission = {.basis = "session at the arbiter", .left = 1500ms, .held = true};
  cluster.reachability = Reachability::reachable;
  cluster.reachability_checks = {{"gateway", Reachability::reachable, 3min, ""}};
  cluster.forced_stops = {{NodeName("b"), Verdict::healthy, 45s, ""}};
  cluster.nodes = {fake_node("a", Trust::alive), fake_node("b", Trust::alive)};
  cluster.nodes[0].self = cluster.nodes[0].coordinator = true;
  cluster.nodes[1].paths = {
      {PathName("lan"), "10.0.1.10", "10.0.2.10", true, 120ms, true},
      {PathName("backup"), "10.9.1.10", "10.9.2.10", true, 90ms, true},
  };
  GroupStatus web{.name = GroupName("web"), .owner = NodeName("a"), .phase = GroupPhase::running};
  web.term = 7;
  web.wanted = web.owner;
  web.resources = {{ResourceName("server"), "script", "active", ""},
                   {ResourceName("vip"), "awsvip", "active", ""}};
  cluster.groups = {web};
  MonitorStatus monitor{.name = MonitorName("vip-watch"), .type = "awsvipw", .scheduled = true};
  monitor.verdict = Verdict::healthy;
  monitor.ever_judged = true;
  cluster.monitors = {monitor};
  auto& daemon = report.daemon;
  daemon.version = "0.1.0";
  daemon.pid = 4711;
  daemon.now = time_point_cast<std::chrono::milliseconds>(WallTime(1'795'414'501'250ms));
  daemon.started = daemon.now - 1h;
  daemon.monotonic_ns = 123'456'789;
  daemon.last_event = 2;
  daemon.counters = {{"mainstay_packets_dropped_total",
                      "Packets that were not ours.",
                      "reason",
                      {{"foreign", 2}, {"replay", 1}}}};
  return report;
}

// One that recovers.
inline MirrorReport fake_mirror() {
  MirrorStatus mirror{.name = "md1", .role = MirrorRole::primary, .term = 7};
  mirror.own = CopyState::up_to_date;
  mirror.peer = CopyState::recovering;
  mirror.connected = true;
  mirror.path = "10.0.2.10:29051";
  mirror.dirty_bytes = 73400320;
  mirror.recovered_percent = 42;
  mirror.resync_rate = 104857600;
  mirror.time_left = 700ms;
  mirror.verify = MirrorVerify{
      .running = true, .percent = 12, .rate = 1048576, .time_left = 90s, .differing_regions = 2};
  mirror.device = "/dev/loop3";
  mirror.size = 1073741824;
  mirror.grown_from = 536870912;
  mirror.growth = MirrorGrowth{.to = 2147483648, .percent = 25};
  mirror.latencies["flush"] = {.count = 20, .p50_us = 130, .p99_us = 900, .max_us = 1100};
  return {ResourceName("md1"), GroupName("web"), mirror, ""};
}

inline EventRecord fake_event(std::uint64_t number, const char* text) {
  EventRecord event;
  event.number = number;
  event.time = WallTime(1'795'414'501'250ms + std::chrono::milliseconds(number));
  event.monotonic_ns = 1'000'000'000 + static_cast<std::int64_t>(number);
  event.node = "a";
  event.severity = number % 2 ? "information" : "warning";
  event.subject = "b";
  event.text = text;
  return event;
}

inline ActivationRecord fake_activation(std::uint64_t term, const char* node,
                                        ClearanceRecord clearance) {
  ActivationRecord record;
  record.time = WallTime(1'795'414'501'250ms);
  record.group = "web";
  record.term = term;
  record.node = node;
  record.reason = "its owner is dead";
  record.clearances = {std::move(clearance)};
  return record;
}

class FakeControl : public Control {
 public:
  StatusReport report = fake_report();
  Status outcome;
  std::vector<EventRecord> history{fake_event(1, "alive → suspect"), fake_event(2, "dead")};
  std::vector<ActivationRecord> records{
      fake_activation(7, "a", {"b", "presumed", false, "it is silent on 2 of 2 paths"})};
  // Another node "b", answered from here.
  Control* other = nullptr;
  std::vector<Command> commands;
  std::vector<Duration> waits;
  std::vector<std::string> mirror_orders;

  NodeName self() const override { return report.cluster.self; }
  std::string version() const override { return "0.1.0"; }
  Result<StatusReport> status(Duration) override { return report; }

  Status ask(Command command, Duration wait) override {
    std::unique_lock lock(mutex);
    commands.push_back(std::move(command));
    waits.push_back(wait);
    changed.notify_all();
    changed.wait(lock, [this] { return !held; });
    return outcome;
  }

  Status order_mirror(const ResourceName& mirror, MirrorOrder order, Duration) override {
    mirror_orders.push_back(fmt::format("{} {}", to_text(order), mirror));
    return outcome;
  }

  Result<std::vector<EventRecord>> events(const EventQuery& query) override {
    std::unique_lock lock(mutex);
    ++event_questions;
    changed.notify_all();
    const auto any_new = [&] { return !history.empty() && history.back().number > query.since; };
    changed.wait_for(lock, query.wait, any_new);
    std::vector<EventRecord> found;
    for (const auto& event : history) {
      if (event.number > query.since) found.push_back(event);
    }
    if (found.size() > query.limit && query.newest) {
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.limit));
    }
    if (found.size() > query.limit) found.resize(query.limit);
    return found;
  }

  Result<std::vector<ActivationRecord>> activations(std::string_view, std::size_t limit) override {
    auto found = records;
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  Result<Reply> forward(const NodeName& node, const Request& request, Duration) override {
    if (node.value != "b") return failure(Code::not_found, "there is no node '" + node.value + "'");
    if (!other) return failure(Code::unavailable, "b is not heard");
    return answer(*other, request, Origin::another_node);
  }

  void add(EventRecord event) {
    const std::lock_guard lock(mutex);
    history.push_back(std::move(event));
    changed.notify_all();
  }
  // While held, orders are not answered.
  void hold(bool hold_them) {
    const std::lock_guard lock(mutex);
    held = hold_them;
    changed.notify_all();
  }
  void wait_for_commands(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 10s, [&] { return commands.size() >= count; });
  }
  // A question for events is only asked again once the answer of the last one was passed on.
  void wait_for_event_questions(int count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 10s, [&] { return event_questions >= count; });
  }

 private:
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  int event_questions = 0;
};

}  // namespace mainstay::api
