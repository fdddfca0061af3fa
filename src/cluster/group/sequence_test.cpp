// Resources up and down: what runs side by side, what waits, what is tried again.
#include <doctest/doctest.h>

#include "cluster/group/group.h"

namespace mainstay::group {
namespace {

// disk ← app, and ip beside them.
struct Fixture {
  Fixture() {
    for (const std::string name : {"disk", "ip", "app"}) {
      ResourceConfig resource;
      resource.name = ResourceName(name);
      group_config.resources.push_back(resource);
      group.resources[resource.name] = {};
    }
    group_config.name = GroupName("web");
    group_config.resources[2].depends_on = {ResourceName("disk")};
    group.phase = GroupPhase::claiming;
  }

  Step step() { return {config, self, now, last_ticket, random, out}; }
  std::vector<std::string> orders() {
    std::vector<std::string> names;
    for (const auto& action : std::exchange(out, {})) {
      if (const auto* up = std::get_if<ActivateResource>(&action)) {
        names.push_back("+" + up->resource.value);
        tickets[up->resource.value] = up->ticket;
      }
      if (const auto* down = std::get_if<DeactivateResource>(&action)) {
        names.push_back("-" + down->resource.value);
        tickets[down->resource.value] = down->ticket;
      }
      if (const auto* halt = std::get_if<HaltNode>(&action)) {
        names.push_back("halt " + std::string(to_text(halt->kind)));
      }
    }
    return names;
  }
  void settle(const std::string& resource, Status outcome = {}) {
    Step now_step = step();
    CHECK(on_settled(group, group_config, {tickets.at(resource), std::move(outcome)}, now_step));
    advance(group, group_config, now_step);
    for (const auto& halt : now_step.halts) out.emplace_back(halt);
  }
  void start() {
    Step now_step = step();
    begin_start(group, group_config, now_step);
    advance(group, group_config, now_step);
  }
  void stop() {
    Step now_step = step();
    begin_stop(group, group_config, StopReason::group_stop, now_step);
    advance(group, group_config, now_step);
  }
  void tick() {
    Step now_step = step();
    advance(group, group_config, now_step);
  }

  ClusterConfig config;
  NodeName self{"a"};
  Instant now = Instant{} + 1h;
  Ticket last_ticket = 0;
  Random random{1};
  Actions out;
  GroupConfig group_config;
  Group group;
  std::map<std::string, Ticket> tickets;
};

using Orders = std::vector<std::string>;

TEST_CASE_FIXTURE(Fixture, "independent resources start side by side, dependent ones after") {
  start();
  CHECK(orders() == Orders{"+disk", "+ip"});
  settle("ip");
  CHECK(orders().empty());
  settle("disk");
  CHECK(orders() == Orders{"+app"});
  CHECK(group.phase == GroupPhase::starting);
  settle("app");
  CHECK(group.phase == GroupPhase::running);
}

TEST_CASE_FIXTURE(Fixture, "stopping goes in the reverse order, side by side where it may") {
  start();
  orders();
  settle("ip");
  settle("disk");
  orders();
  settle("app");
  stop();
  CHECK(orders() == Orders{"-app", "-ip"});
  settle("app");
  CHECK(orders() == Orders{"-disk"});
  settle("disk");
  CHECK(group.phase == GroupPhase::stopping);
  settle("ip");
  CHECK(group.phase == GroupPhase::stopped);
}

TEST_CASE_FIXTURE(Fixture, "a failed start is tried again after a pause, as often as configured") {
  group_config.resources[1].activate_retries = 1;
  start();
  orders();
  settle("ip", failure(Code::unavailable, "no"));
  CHECK(orders().empty());
  now += 1s;
  tick();
  CHECK(orders() == Orders{"+ip"});
  settle("ip", failure(Code::unavailable, "no"));
  CHECK(group.failing);
  CHECK(group.phase == GroupPhase::stopping);
}

TEST_CASE_FIXTURE(Fixture,
                  "what was being started when the group stops is called off and stopped") {
  start();
  orders();
  stop();
  CHECK(orders() == Orders{"-ip", "-disk"});
}

TEST_CASE_FIXTURE(Fixture, "a resource that cannot be stopped keeps the group from being stopped") {
  start();
  orders();
  settle("ip");
  settle("disk");
  orders();
  settle("app");
  stop();
  orders();
  settle("ip");
  settle("app", failure(Code::timed_out, "it hangs"));
  CHECK(orders() == Orders{"halt shut down"});
  CHECK(group.phase == GroupPhase::stopping);
  now += 1h;
  tick();
  CHECK(orders() == Orders{"-app"});
}

TEST_CASE_FIXTURE(Fixture, "a restart takes down what depends on it, and brings all of it back") {
  start();
  orders();
  settle("ip");
  settle("disk");
  orders();
  settle("app");
  Step now_step = step();
  bounce(group, group_config, ResourceName("disk"), now_step);
  advance(group, group_config, now_step);
  CHECK(orders() == Orders{"-app"});
  settle("app");
  CHECK(orders() == Orders{"-disk"});
  settle("disk");
  CHECK(orders() == Orders{"+disk"});
  settle("disk");
  CHECK(orders() == Orders{"+app"});
  settle("app");
  CHECK(group.phase == GroupPhase::running);
}

TEST_CASE_FIXTURE(Fixture, "an answer nobody waits for is not ours") {
  start();
  Step now_step = step();
  CHECK_FALSE(on_settled(group, group_config, {999, {}}, now_step));
}

}  // namespace
}  // namespace mainstay::group
