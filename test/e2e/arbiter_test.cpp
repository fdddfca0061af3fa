// A cluster of real daemons whose arbiter is the lab's DynamoDB.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cases.h"
#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/measure.h"
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

using Standings = std::map<std::string, std::string>;

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
  Standings sessions(const std::string& node) {
    Standings standings;
    const json shown = records(node);
    for (const json& session : shown["sessions"]) {
      standings[session["node"].get<std::string>()] = session["standing"].get<std::string>();
    }
    return standings;
  }
  void fault(const std::vector<std::string>& words) {
    if (const auto done = lab.fault(words); !done) FAIL(done.error().message);
  }

  // A client is served all the time, and the sessions stand again when the trouble is over.
  void serves_through(const std::vector<std::string>& trouble) {
    INFO(fmt::format("{}", fmt::join(trouble, " ")));
    const std::string node = owner();
    auto probe = must(Probe::start(lab, programs, 6s));
    fault(trouble);
    const auto measured = must(probe.finish());
    CHECK(measured.outage_ms == 0);
    CHECK(measured.both_active_ms == 0);
    fault({"api", "clear"});
    fault({"permit", "ha-node", "all"});
    CHECK(owner() == node);
  }
  // As an administrator; by curl, since older aws commands know no deletion protection.
  void call(const std::string& action, json body) {
    const json status = json::parse(must(output_of(lab.command({"status", "--json"}))));
    const json& keys = status["administrator"];
    body["TableName"] = "mainstay";
    must(
        lab.exec("server1",
                 {"curl", "-s", "-f", "-m", "5", "--aws-sigv4",
                  fmt::format("aws:amz:{}:dynamodb", status["region"].get<std::string>()), "--user",
                  fmt::format("{}:{}", keys["access_key"].get<std::string>(),
                              keys["secret_key"].get<std::string>()),
                  "-H", "X-Amz-Target: DynamoDB_20120810." + action, "-H",
                  "Content-Type: application/x-amz-json-1.0", "-d", body.dump(),
                  status["endpoint"]["dynamodb"].get<std::string>() + "/"}));
  }
  void wait_until_both_active(const std::string& node) {
    const Standings both = {{"server1", "active"}, {"server2", "active"}};
    for (int tries = 0; tries < 50 && sessions(node) != both; ++tries) pause(200ms);
    CHECK(sessions(node) == both);
  }

  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
  std::optional<Cluster> cluster;
};

TEST_CASE("a cluster whose arbiter is DynamoDB: sessions, a dead node, every trouble") {
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

  SUBCASE("the arbiter is in trouble: nothing moves while the nodes hear each other") {
    const std::uint64_t term = must(stage.cluster->view(first)).term;
    stage.serves_through({"api", "outage", "--action", "dynamodb:*"});
    stage.serves_through({"api", "throttle", "--action", "dynamodb:*"});
    stage.serves_through({"api", "latency", "800ms", "--action", "dynamodb:*"});
    stage.serves_through({"api", "lost-reply", "--action", "PutItem", "--rate", "50%"});
    stage.serves_through({"deny", "ha-node", "dynamodb:*"});
    stage.call("UpdateTable", {{"DeletionProtectionEnabled", false}});
    stage.call("DeleteTable", {});
    stage.serves_through({"api", "clear"});
    must(stage.lab.exec(first, {stage.programs.command, "arbiter", "create", "--config",
                                std::string(config_path)}));
    stage.wait_until_both_active(first);
    const auto after = must(stage.cluster->view(first));
    CHECK(after.owner == first);
    CHECK(after.term == term);
  }
}

}  // namespace
}  // namespace mainstay::bench
