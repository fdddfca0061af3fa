// A cluster of real daemons whose arbiter is the lab's DynamoDB.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/cases.h"
#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr Duration patience = 60s;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

struct Stage {
  Stage()
      : programs(must(find_programs())),
        folder(must(RunFolder::make("arbiter"))),
        lab(must(Lab::up(programs, folder.path()))),
        site(must(lab.site())) {
    site.arbiter = "dynamodb";
    cluster.emplace(must(Cluster::start(lab, programs, site)));
  }

  std::string owner() { return must(cluster->wait_until_formed(patience)).owner; }
  // What `mainstay arbiter show` finds in the table.
  json records(const std::string& node) {
    const auto text = must(lab.exec(node, {programs.command, "arbiter", "show", "--json"}));
    return json::parse(text);
  }
  // node -> standing
  std::map<std::string, std::string> sessions(const std::string& node) {
    std::map<std::string, std::string> standings;
    const json shown = records(node);
    for (const json& session : shown["sessions"]) {
      standings[session["node"].get<std::string>()] = session["standing"].get<std::string>();
    }
    return standings;
  }
  void fault(const std::vector<std::string>& words) {
    if (const auto done = lab.fault(words); !done) FAIL(done.error().message);
  }

  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
  std::optional<Cluster> cluster;
};

using Standings = std::map<std::string, std::string>;

TEST_CASE("a cluster whose arbiter is DynamoDB: sessions, a dead node, a table out of reach") {
  Stage stage;
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  CHECK(stage.sessions(first) == Standings{{"server1", "active"}, {"server2", "active"}});
  CHECK(stage.records(first)["groups"][0]["owner"] == first);
  CHECK(stage.cluster->safety().find("presumed") == std::string::npos);

  SUBCASE("the owner dies: its session is revoked, and the group moves on that evidence") {
    const auto outcome =
        must(run_case("node-killed", stage.lab, *stage.cluster, stage.programs, 200ms));
    CHECK(outcome.evidence == "lease");
    CHECK(outcome.result.both_active_ms == 0);
    CHECK(outcome.result.outage_ms < 8000);
    const auto healed = must(stage.cluster->wait_until_formed(patience));
    CHECK(healed.owner == second);
    CHECK(stage.records(second)["groups"][0]["owner"] == second);
    CHECK(stage.records(second)["groups"][0]["term"] == healed.term);
  }

  SUBCASE("the arbiter answers nobody: nothing moves while the nodes hear each other") {
    const std::uint64_t term = must(stage.cluster->view(first)).term;
    stage.fault({"api", "outage", "--action", "dynamodb:*"});
    const auto outcome =
        must(run_case("program-killed", stage.lab, *stage.cluster, stage.programs, 6s));
    CHECK(outcome.result.both_active_ms == 0);
    const auto after = must(stage.cluster->view(first));
    CHECK(after.owner == first);
    CHECK(after.term == term);
    stage.fault({"api", "clear"});
    CHECK(stage.owner() == first);
  }
}

}  // namespace
}  // namespace mainstay::bench
