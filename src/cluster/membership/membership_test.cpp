#include "cluster/membership/membership.h"

#include <doctest/doctest.h>

#include "cluster/testing.h"

namespace mainstay::membership {
namespace {

using mainstay::testing::node;

struct Fixture {
  Fixture() : config(mainstay::testing::two_nodes()) {
    config.paths.push_back({PathName("second"), {}});
    state = begin(config, self, {}, now);
  }
  Step step() { return {config, self, now, last_ticket, random, out}; }
  bool hear_beat(BeatNumber number, std::uint8_t path = 0, Incarnation incarnation = 1) {
    Beat beat;
    beat.incarnation = incarnation;
    beat.number = number;
    beat.phase = phase;
    if (hears_us) beat.echoes[self] = {.incarnation = own, .beat = 1, .silence = 0ms};
    Step now_step = step();
    return hear(state, {node("b"), path, beat}, own, now_step);
  }
  void pass(Duration duration) {
    now += duration;
    Step now_step = step();
    judge(state, now_step);
  }
  const Peer& peer() { return state.peers.at(node("b")); }
  std::size_t warnings() {
    return static_cast<std::size_t>(std::ranges::count_if(out, [](const Action& action) {
      const auto* note = std::get_if<Note>(&action);
      return note && note->severity == Severity::warning;
    }));
  }

  ClusterConfig config;
  NodeName self = node("a");
  Incarnation own = 7;
  bool hears_us = true;
  NodePhase phase = NodePhase::member;
  Instant now = Instant{} + 1h;
  Ticket last_ticket = 0;
  Random random{1};
  Actions out;
  State state;
};

TEST_CASE_FIXTURE(Fixture, "silence makes a peer suspect, then dead; one word makes it alive") {
  hear_beat(1);
  CHECK(peer().trust == Trust::alive);
  pass(config.timing.suspect_after);
  CHECK(peer().trust == Trust::suspect);
  pass(config.timing.heartbeat_timeout);
  CHECK(peer().trust == Trust::dead);
  hear_beat(2);
  CHECK(peer().trust == Trust::alive);
}

TEST_CASE_FIXTURE(Fixture, "one silent path of two is a warning, once, and no suspicion") {
  hear_beat(1, 0);
  hear_beat(1, 1);
  for (BeatNumber number = 2; number < 20; ++number) {
    pass(250ms);
    hear_beat(number, 0);
  }
  CHECK(peer().trust == Trust::alive);
  CHECK(peer().paths[1].lost);
  CHECK(warnings() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the same beat by two paths is looked at once, and heard twice") {
  CHECK(hear_beat(1, 0));
  CHECK_FALSE(hear_beat(1, 1));
  CHECK(peer().paths[1].ever);
}

TEST_CASE_FIXTURE(Fixture, "what an earlier incarnation still says is not listened to") {
  hear_beat(1, 0, 7);
  CHECK_FALSE(hear_beat(99, 0, 6));
  CHECK(peer().beat->incarnation == 7);
}

TEST_CASE_FIXTURE(Fixture,
                  "who stopped cleanly is not silent, and its late beats do not revive it") {
  hear_beat(1);
  phase = NodePhase::stopped;
  hear_beat(2);
  CHECK(peer().resigned);
  phase = NodePhase::member;
  CHECK_FALSE(hear_beat(3));
  pass(1h);
  CHECK(peer().trust == Trust::alive);
  CHECK(hear_beat(1, 0, 2));
  CHECK_FALSE(peer().resigned);
}

TEST_CASE_FIXTURE(Fixture, "after a pause of ours everybody has the whole timeout again") {
  hear_beat(1);
  now += 10s;
  Step now_step = step();
  forgive(state, now_step);
  pass(config.timing.suspect_after - 1ms);
  CHECK(peer().trust == Trust::alive);
}

TEST_CASE_FIXTURE(Fixture, "who is heard and does not hear us is deaf, until it hears us") {
  hear_beat(1);
  hears_us = false;
  BeatNumber number = 2;
  const Instant since = now;
  while (now - since < config.timing.heartbeat_timeout) {
    CHECK_FALSE(peer().deaf);
    hear_beat(number, 0);
    hear_beat(number++, 1);
    pass(250ms);
  }
  CHECK(peer().deaf);
  CHECK(peer().trust == Trust::alive);
  CHECK(warnings() == 1);
  hears_us = true;
  hear_beat(number++);
  CHECK_FALSE(peer().deaf);
}

TEST_CASE_FIXTURE(Fixture,
                  "who is dismissed is dead whatever it says, until it hears us or stops") {
  for (const NodePhase last : {NodePhase::member, NodePhase::stopped}) {
    state = begin(config, self, {}, now);
    phase = NodePhase::member;
    hears_us = false;
    hear_beat(1);
    pass(config.timing.heartbeat_timeout);
    Step now_step = step();
    dismiss(state, node("b"), "its session was revoked", now_step);
    CHECK_FALSE(hear_beat(2));
    CHECK(peer().trust == Trust::dead);
    hears_us = last == NodePhase::member;
    phase = last;
    CHECK(hear_beat(3));
    CHECK_FALSE(peer().dismissed);
    CHECK(peer().resigned == (last == NodePhase::stopped));
  }
}

TEST_CASE_FIXTURE(Fixture, "nobody is called deaf for a pause of ours") {
  hears_us = false;
  hear_beat(1);
  now += 10s;
  Step now_step = step();
  forgive(state, now_step);
  hear_beat(2);
  pass(config.timing.heartbeat_timeout - 1ms);
  CHECK_FALSE(peer().deaf);
}

TEST_CASE_FIXTURE(Fixture, "a node that is not configured is not heard") {
  Step now_step = step();
  CHECK_FALSE(hear(state, {node("x"), 0, {}}, own, now_step));
}

}  // namespace
}  // namespace mainstay::membership
