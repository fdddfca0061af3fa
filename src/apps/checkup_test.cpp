// The doctor's rounds on a daemon, in virtual time.
#include "apps/checkup.h"

#include <doctest/doctest.h>

#include "doctor/testing.h"

using namespace mainstay;
using namespace mainstay::apps;

namespace {

struct Rounds : doctor::Bench {
  struct Said {
    Severity severity;
    std::string subject;
    std::string text;
  };
  std::vector<Said> said;
  std::optional<Checkup> checkup;

  void begin() {
    checkup.emplace(Checkup::Parts{
        .clock = clock,
        .world = {aws, survey, host, resolver},
        .config = std::make_shared<ClusterConfig>(config),
        .catalog = catalog,
        .self = doctor::self,
        .random = Random(1),
        .say = [this](Severity severity, const std::string& subject, const std::string& text) {
          said.push_back({severity, subject, text});
        }});
    checkup->start();
  }
  std::size_t looks() const { return aws.count("route_tables"); }
  void enable_check(bool enabled) {
    survey.interfaces["eni-a"].interface.source_dest_check = enabled;
  }
};

}  // namespace

TEST_CASE("a healthy node is looked at soon, then every quarter of an hour, and nothing is said") {
  Rounds rounds;
  rounds.begin();
  CHECK(rounds.looks() == 0);
  rounds.clock.advance(75s);
  CHECK(rounds.looks() == 1);
  CHECK(rounds.checkup->status().looked.has_value());
  CHECK(rounds.checkup->status().findings.empty());
  rounds.clock.advance(14min);
  CHECK(rounds.looks() == 1);
  rounds.clock.advance(5min);
  CHECK(rounds.looks() == 2);
  rounds.clock.advance(2h);
  CHECK(rounds.looks() >= 8);
  CHECK(rounds.looks() <= 11);
  CHECK(rounds.said.empty());
}

TEST_CASE(
    "what is missing is said once, with its remedy, stays in the status, and is seen mended") {
  Rounds rounds;
  rounds.enable_check(true);
  rounds.begin();
  rounds.clock.advance(75s);
  REQUIRE(rounds.said.size() == 1);
  CHECK(rounds.said[0].severity == Severity::error);
  CHECK(rounds.said[0].subject == "source-dest-check");
  CHECK(doctor::has(rounds.said[0].text, "--no-source-dest-check"));
  rounds.clock.advance(20min);
  CHECK(rounds.said.size() == 1);
  REQUIRE(rounds.checkup->status().findings.size() == 1);
  CHECK(rounds.checkup->status().findings[0].fact == "Source/Dest. Check of eni-a is enabled");
  rounds.enable_check(false);
  rounds.clock.advance(7min);
  REQUIRE(rounds.said.size() == 2);
  CHECK(rounds.said[1].severity == Severity::information);
  CHECK(rounds.checkup->status().findings.empty());
  rounds.clock.advance(1h);
  CHECK(rounds.said.size() == 2);
}

TEST_CASE("what cannot be asked is in the status only, and mends nothing") {
  Rounds rounds;
  rounds.enable_check(true);
  rounds.begin();
  rounds.clock.advance(75s);
  REQUIRE(rounds.said.size() == 1);
  rounds.survey.refused = Error{Code::throttled, "Rate exceeded"};
  rounds.clock.advance(7min);
  CHECK(rounds.said.size() == 1);
  const auto& findings = rounds.checkup->status().findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].severity == Severity::information);
  rounds.survey.refused.reset();
  rounds.clock.advance(20min);
  CHECK(rounds.said.size() == 1);
  CHECK(rounds.checkup->status().findings[0].severity == Severity::error);
}

TEST_CASE("the rounds can end in the middle of a look") {
  Rounds rounds;
  rounds.begin();
  while (rounds.aws.in_flight == 0) rounds.clock.step();
  rounds.checkup.reset();
  rounds.clock.advance(1h);
  CHECK(rounds.looks() == 0);
}

TEST_CASE("a cluster that asks AWS for nothing has no rounds, nor one that wants none") {
  Rounds rounds;
  CHECK(wants_checkup(rounds.config, rounds.catalog));
  rounds.config.aws.doctor = false;
  CHECK_FALSE(wants_checkup(rounds.config, rounds.catalog));
  rounds.config.aws.doctor = true;
  rounds.config.groups.clear();
  CHECK_FALSE(wants_checkup(rounds.config, rounds.catalog));
}
