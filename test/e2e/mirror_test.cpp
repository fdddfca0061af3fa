// A group with a mirror disk on a cluster of real daemons and engines: what was acknowledged is
// there, whoever dies.
#include <doctest/doctest.h>

#include <fstream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/measure.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr Duration patience = 90s;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

struct Stage {
  Stage()
      : programs(must(find_programs())),
        folder(must(RunFolder::make("mirror"))),
        lab(must(Lab::up(programs, folder.path()))),
        site(must(lab.site())) {
    site.arbiter = "dynamodb";
    site.mirror = MirrorUse::lines;
    cluster.emplace(must(Cluster::start(lab, programs, site)));
  }

  std::string owner() { return must(cluster->wait_until_formed(patience)).owner; }
  json mirror(const std::string& node) {
    const auto text = must(cluster->ask(node, {"--json", "mirror", "status", "md1"}));
    return json::parse(text)["mirrors"][0]["status"];
  }
  template <class Condition>
  bool until(Condition condition) {
    const std::int64_t end = monotonic_ns() + patience.count();
    while (!condition()) {
      if (monotonic_ns() > end) return false;
      pause(200ms);
    }
    return true;
  }
  void wait_until_equal(const std::string& node) {
    json seen;
    const bool equal = until([&] {
      seen = mirror(node);
      return seen.is_object() && seen["own"]["state"] == "up to date" &&
             seen["peer"]["state"] == "up to date";
    });
    INFO(seen.dump(2));
    CHECK(equal);
  }
  std::set<long> acknowledged() {
    std::set<long> numbers;
    std::ifstream file(lab.shared(acknowledged_file));
    for (long number = 0; file >> number;) numbers.insert(number);
    return numbers;
  }
  void wait_for_lines(std::size_t more) {
    const std::size_t before = acknowledged().size();
    CHECK(until([&] { return acknowledged().size() >= before + more; }));
  }
  // Those that were acknowledged and are not on the mirror where it is used.
  std::vector<long> missing(const std::string& node) {
    std::set<long> lost = acknowledged();
    const auto text = must(lab.exec(node, {"cat", fmt::format("{}/lines", mirror_mount)}));
    std::istringstream lines(text);
    for (long number = 0; lines >> number;) lost.erase(number);
    return {lost.begin(), lost.end()};
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

TEST_CASE("a mirror disk: the node that uses it dies, and every acknowledged line is there") {
  Stage stage;
  const std::string first = stage.owner();
  CHECK(first == "server1");  // Only its copy is complete at the beginning.
  stage.wait_until_equal(first);
  stage.wait_for_lines(50);

  stage.fault({"kill", first});
  const std::string second = must(stage.cluster->wait_until_moved_from(first, patience)).owner;
  CHECK(second == stage.cluster->other(first));
  CHECK(stage.missing(second) == std::vector<long>{});
  stage.wait_for_lines(50);

  stage.fault({"start", first});
  CHECK(stage.owner() == second);
  stage.wait_until_equal(second);
  stage.wait_for_lines(20);

  // And back again, in order.
  must(stage.cluster->ask(second, {"group", "move", std::string(group_name), first}, patience));
  CHECK(stage.owner() == first);
  CHECK(stage.missing(first) == std::vector<long>{});
  stage.wait_for_lines(20);
}

}  // namespace
}  // namespace mainstay::bench
