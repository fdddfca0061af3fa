// A cluster of real daemons whose arbiter is an etcd on an instance of a third zone.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "harness/cases.h"
#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 60s;
constexpr const char* store = "store";
constexpr const char* store_url = "http://10.0.200.20:2379";
constexpr const char* store_log = "/var/log/etcd.log";

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

struct Stage {
  Stage()
      : programs(must(find_programs())),
        folder(must(RunFolder::make("etcd"))),
        lab(must(Lab::up(programs, folder.path(),
                         {.instances = {{store, "Subnet-Clients", "10.0.200.20"}}}))),
        site(must(lab.site())) {
    start_store();
    site.arbiter = "etcd";
    site.etcd_endpoints = {store_url};
    cluster.emplace(must(Cluster::start(lab, programs, site)));
  }

  void start_store() {
    const std::string script = fmt::format(
        "echo $$ > /run/etcd.pid; exec etcd --data-dir /var/lib/etcd --listen-client-urls {0} "
        "--advertise-client-urls {0}",
        store_url);
    const auto started = lab.start(store, store_log, {"/bin/sh", "-c", script});
    REQUIRE_MESSAGE(started, started.error().message);
  }
  void stop_store() {
    must(lab.exec(store, {"/bin/sh", "-c", "kill $(cat /run/etcd.pid)"}));
    CHECK(waits_for([this] { return keys().empty(); }));
  }
  // What the store holds, as its own gateway says; empty: it does not answer.
  std::string keys() {
    const auto text = lab.exec(
        store, {"curl", "-s", "-m", "2", "-d",
                R"({"key":"L21haW5zdGF5Lw==","range_end":"L21haW5zdGF5MA==","count_only":true})",
                fmt::format("{}/v3/kv/range", store_url)});
    return text ? *text : "";
  }
  bool waits_for(const std::function<bool()>& claim) {
    const std::int64_t until = monotonic_ns() + Duration(patience).count();
    while (!claim()) {
      if (monotonic_ns() > until || !pause(100ms)) return false;
    }
    return true;
  }
  bool said_by(const std::string& node, const std::string& text) {
    const auto events = must(cluster->events(node, 0));
    return std::ranges::any_of(
        events, [&](const Moment& moment) { return moment.text.find(text) != std::string::npos; });
  }
  std::string owner() { return must(cluster->wait_until_formed(patience)).owner; }
  void strike(const std::vector<std::string>& words) {
    const auto done = lab.fault(words);
    REQUIRE_MESSAGE(done, done.error().message);
  }

  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
  std::optional<Cluster> cluster;
};

TEST_CASE("a cluster whose arbiter is etcd: a dead node, a dead arbiter, and both") {
  Stage stage;
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  for (const std::string& node : {first, second}) {
    CHECK(stage.waits_for([&] { return stage.said_by(node, "holds its session"); }));
  }
  // Two sessions and a group, of two keys each.
  CHECK(stage.waits_for([&] { return stage.keys().find(R"("count":"6")") != std::string::npos; }));

  // The owner dies: its session stands still and is revoked.
  const auto killed =
      must(run_case("node-killed", stage.lab, *stage.cluster, stage.programs, 200ms));
  CHECK(killed.evidence == "lease");
  CHECK(killed.result.both_active_ms == 0);
  CHECK(killed.result.outage_ms < 8000);
  const View moved = must(stage.cluster->wait_until_formed(patience));
  CHECK(moved.owner == second);
  CHECK(must(stage.cluster->last_activation(second))
            .clearances.front()
            .find(first + ": lease (strong)") == 0);

  // The arbiter dies: nothing moves while the nodes hear each other.
  stage.stop_store();
  const auto without =
      must(run_case("program-killed", stage.lab, *stage.cluster, stage.programs, 8s));
  CHECK(without.evidence == "none");
  CHECK(stage.said_by(second, fmt::format("the arbiter: etcd {}, record /mainstay/", store_url)));
  CHECK(without.result.both_active_ms == 0);
  const View stayed = must(stage.cluster->wait_until_formed(patience));
  CHECK(stayed.owner == second);
  CHECK(stayed.term == moved.term);

  // The owner dies, too: without evidence nobody takes over, until the arbiter is back.
  stage.strike({"kill", second});
  CHECK(pause(8s));
  const View waiting = must(stage.cluster->view(first));
  CHECK(waiting.trust.at(second) == "dead");
  CHECK((waiting.owner != first || waiting.phase != "running"));
  CHECK(waiting.waits_for.find("may not run anything without the arbiter") != std::string::npos);
  CHECK_FALSE(stage.lab.exec("client", {"curl", "-s", "-m", "2", "http://10.1.0.20/"}));
  stage.start_store();
  CHECK(must(stage.cluster->wait_until_moved_from(second, patience)).owner == first);
  CHECK(must(stage.cluster->last_activation(first)).evidence == "lease");
}

}  // namespace
}  // namespace mainstay::bench
