#include "harness/must.h"

#include <doctest/doctest.h>

#include "harness/cases.h"

using namespace mainstay::bench;

namespace {

Must must_with(std::string_view case_name, std::string evidence, std::string profile = "default") {
  return must_of(case_name, {.evidence = std::move(evidence), .profile = std::move(profile)});
}

}  // namespace

TEST_CASE("a dead node costs as much as its evidence takes") {
  CHECK(must_with("node-killed", "presumed").outage_ms == 2500);
  CHECK(must_with("node-killed", "presumed", "fast").outage_ms == 1000);
  CHECK(must_with("node-killed", "etcd").outage_ms == 4000);
  CHECK(must_with("node-killed", "dynamodb", "fast").outage_ms == 1500);
  CHECK(must_with("eip-node-killed", "presumed").outage_ms == 2700);
  CHECK(must_with("dns-node-killed", "presumed").outage_ms == 8000);
  CHECK(must_with("slow-forced-stop", "dynamodb").outage_ms == 4000);
  CHECK(must_with("slow-forced-stop", "forced-stop").outage_ms == 27000);
}

TEST_CASE("with strong evidence no fault may let the group run twice") {
  for (const std::string& evidence : evidence_names()) {
    if (evidence == presumed_evidence) continue;
    for (const std::string& name : case_names()) {
      CAPTURE(evidence);
      CAPTURE(name);
      const Must must = must_with(name, evidence);
      CHECK(must.both_active_ms == (name == "node-frozen" ? 100 : 0));
      CHECK(must.late_lines_through_vip == 0);
      CHECK(must.activations.has_value());
    }
  }
}

TEST_CASE("presumed evidence promises nothing about a network that falls apart") {
  CHECK(must_with("interconnect-cut", "presumed") == Must{});
  CHECK(must_with("one-way-in", "presumed") == Must{});
  CHECK(must_with("node-isolated", "presumed") == Must{});
  CHECK(must_with("node-frozen", "presumed").both_active_ms == 100);
}

TEST_CASE("an arbiter leaves groups where they are when only a cable or itself is broken") {
  for (const char* name : {"interconnect-cut", "arbiter-down"}) {
    CHECK(must_with(name, "dynamodb").activations == 0);
    CHECK(must_with(name, "dynamodb").outage_of_each_ms == 0);
  }
  CHECK(must_with("interconnect-cut", "forced-stop").activations == 1);
}

TEST_CASE("a run is told what it broke, and a series by its median") {
  const Must must{.outage_ms = 100,
                  .outage_of_each_ms = 500,
                  .both_active_ms = 0,
                  .late_lines_through_vip = 0,
                  .activations = 1};
  CHECK(broken_by({.outage_ms = 400, .activations = 1, .late_lines = 9}, must).empty());
  CHECK(broken_by({.outage_ms = 501}, must).size() == 1);
  CHECK(broken_by({.both_active_ms = 0.1}, must).size() == 1);
  CHECK(broken_by({.activations = 2}, must).size() == 1);
  CHECK(broken_by({.late_lines_through_vip = 1}, must).size() == 1);
  CHECK(broken_by(
            {.outage_ms = 501, .both_active_ms = 9, .activations = 2, .late_lines_through_vip = 1},
            Must{})
            .empty());
  CHECK(broken_by_median({{.outage_ms = 90}, {.outage_ms = 400}, {.outage_ms = 80}}, must).empty());
  CHECK(broken_by_median({{.outage_ms = 90}, {.outage_ms = 400}, {.outage_ms = 101}}, must) ==
        std::vector<std::string>{
            "the client's outage has a median of 101 ms; at most 100 ms are due"});
  CHECK(broken_by_median({}, must).empty());
}

TEST_CASE("a case is measured on the pattern it is named after") {
  CHECK(pattern_of("eip-node-killed") == Pattern::eip);
  CHECK(pattern_of("dns-node-killed") == Pattern::dns);
  CHECK(pattern_of("node-killed") == Pattern::vip);
}

TEST_CASE("a case is offered where its fault can be brought about") {
  CHECK(applies("arbiter-down", "etcd"));
  CHECK_FALSE(applies("arbiter-down", "forced-stop"));
  CHECK_FALSE(applies("slow-forced-stop", "presumed"));
  CHECK(applies("interconnect-cut", "presumed"));
  CHECK_FALSE(is_usual("interconnect-cut", "presumed"));
  CHECK(is_usual("node-killed", "presumed"));
  CHECK(is_usual("dns-node-killed", "presumed"));
  CHECK_FALSE(applies("eip-node-killed", "etcd"));
}
