// A table of views and the owner that each of them wants.
#include "cluster/placement/placement.h"

#include <doctest/doctest.h>

namespace mainstay::placement {
namespace {

const GroupName web{"web"};
const NodeName a{"a"};
const NodeName b{"b"};
const NodeName c{"c"};

GroupConfig group() {
  GroupConfig config;
  config.name = web;
  config.policy = {a, b, c};
  return config;
}

GroupReport report(GroupPhase phase, Term term = 0, bool unfit = false) {
  return {.phase = phase, .term = term, .promise = {}, .unfit = unfit};
}

// Everybody is a member and runs nothing.
View quiet() {
  View view;
  for (const auto& node : {a, b, c}) {
    view.present[node] = {.usable = true, .reports = {{web, report(GroupPhase::stopped)}}};
  }
  return view;
}

TEST_CASE("a group that runs nowhere goes to the first of its policy that can take it") {
  View view = quiet();
  CHECK(decide(view, group()) == a);
  view.present.erase(a);
  CHECK(decide(view, group()) == b);
  view.present[b].usable = false;
  CHECK(decide(view, group()) == c);
  view.present[c].reports[web].unfit = true;
  CHECK(decide(view, group()).empty());
}

TEST_CASE("a group that runs stays, whoever else is there") {
  View view = quiet();
  view.present[c].reports[web] = report(GroupPhase::running, 5);
  CHECK(decide(view, group()) == c);
}

TEST_CASE("automatic failback brings a running group home, and a starting one not yet") {
  GroupConfig config = group();
  config.failback = Switch::automatic;
  View view = quiet();
  view.present[c].reports[web] = report(GroupPhase::starting, 5);
  CHECK(decide(view, config) == c);
  view.present[c].reports[web] = report(GroupPhase::running, 5);
  CHECK(decide(view, config) == a);
}

TEST_CASE("of two that run it, the one of the later term is the owner") {
  View view = quiet();
  view.present[a].reports[web] = report(GroupPhase::running, 5);
  view.present[b].reports[web] = report(GroupPhase::running, 6);
  CHECK(owner(view, web) == b);
}

TEST_CASE("an owner that cannot run it any more hands it over, but only if somebody can take it") {
  View view = quiet();
  view.present[a].reports[web] = report(GroupPhase::running, 5, true);
  CHECK(decide(view, group()) == b);
  view.present[b].usable = false;
  view.present[c].usable = false;
  CHECK(decide(view, group()) == a);
}

TEST_CASE("an owner that leaves keeps nothing") {
  View view = quiet();
  view.present[a].usable = false;
  view.present[a].reports[web] = report(GroupPhase::running, 5);
  CHECK(decide(view, group()) == b);
}

TEST_CASE("a wish to move holds until it has come true once") {
  View view = quiet();
  view.present[a].reports[web] = report(GroupPhase::running, 5);
  view.intents[web] = {.number = 1, .by = a, .run = true, .to = b, .after = 5};
  CHECK(decide(view, group()) == b);
  view.present[a].reports[web] = report(GroupPhase::stopped, 5);
  CHECK(decide(view, group()) == b);
  view.present[b].reports[web] = report(GroupPhase::running, 6);
  CHECK(decide(view, group()) == b);
  // Later it failed over, and b came back: the wish is spent.
  view.present[b].reports[web] = report(GroupPhase::stopped, 6);
  view.present[c].reports[web] = report(GroupPhase::running, 7);
  CHECK(decide(view, group()) == c);
}

TEST_CASE("a group that was stopped by hand is wanted nowhere") {
  View view = quiet();
  view.intents[web] = {.number = 1, .by = a, .run = false};
  CHECK(decide(view, group()).empty());
}

TEST_CASE("manual start waits for a wish; manual failover waits after the loss of the owner") {
  GroupConfig config = group();
  config.start = Switch::manual;
  View view = quiet();
  CHECK(decide(view, config).empty());
  view.intents[web] = {.number = 1, .by = a, .run = true};
  CHECK(decide(view, config) == a);
  config.failover = Switch::manual;
  view.owner_lost[web] = true;
  CHECK(decide(view, config).empty());
}

TEST_CASE("a drained node hands its group over, and takes what nobody else can") {
  View view = quiet();
  view.present[a].drained = true;
  CHECK(decide(view, group()) == b);
  view.present[a].reports[web] = report(GroupPhase::running, 3);
  CHECK(decide(view, group()) == b);
  view.present[b].quarantined = true;
  CHECK(decide(view, group()) == c);
  // Of two that are about to go neither is better than where the group is.
  view.present[c].drained = true;
  CHECK(decide(view, group()) == a);
  view.present[a].reports[web] = report(GroupPhase::stopped);
  view.present.erase(b);
  CHECK(decide(view, group()) == a);
}

TEST_CASE("a wish for a node that was drained since does not call the group back there") {
  View view = quiet();
  view.intents[web] = {.number = 1, .by = a, .run = true, .to = b, .after = 5};
  view.present[b].drained = true;
  CHECK(decide(view, group()) == a);  // Under way, and nobody runs it.
  view.present[a].drained = view.present[c].drained = true;
  CHECK(decide(view, group()) == b);
}

TEST_CASE("a group does not fail back to a node that is drained") {
  View view = quiet();
  GroupConfig config = group();
  config.failback = Switch::automatic;
  view.present[b].reports[web] = report(GroupPhase::running, 3);
  CHECK(decide(view, config) == a);
  view.present[a].drained = true;
  CHECK(decide(view, config) == b);
}

}  // namespace
}  // namespace mainstay::placement
