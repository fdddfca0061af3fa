// A node that does not answer is stopped through EC2 before the other one takes over: two real
// daemons in the lab, whose EC2 needs its time for a stop.
#include <doctest/doctest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 60s;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
void must(const Status& done) {
  if (!done) FAIL(done.error().message);
}

// What EC2 says, asked by a client that is not ours.
std::string state_by_aws_command(const Lab& lab, const std::string& name) {
  return must(lab.exec(
      "server2", {"aws", "ec2", "describe-instances", "--filters", "Name=tag:Name,Values=" + name,
                  "--query", "Reservations[].Instances[].State.Name", "--output", "text"}));
}

nlohmann::json forced_stop_of(const Cluster& cluster, const std::string& asked) {
  const auto status =
      nlohmann::json::parse(must(cluster.ask(asked, {"status", "--json"})), nullptr, false);
  return status.value("forced_stop", nlohmann::json::array());
}

// Until the node says this of the forced stop of the other one; what it said last.
nlohmann::json wait_for_state(const Cluster& cluster, const std::string& asked,
                              const std::string& state) {
  const std::int64_t until = monotonic_ns() + patience.count();
  nlohmann::json seen;
  while (monotonic_ns() < until) {
    seen = forced_stop_of(cluster, asked);
    if (!seen.empty() && seen[0].value("state", "") == state) break;
    if (!pause(100ms)) break;
  }
  return seen;
}

TEST_CASE("a frozen owner is stopped by force, and only then is its group started elsewhere") {
  const Programs programs = must(find_programs());
  const RunFolder folder = must(RunFolder::make("fence"));
  const Lab lab = must(Lab::up(programs, folder.path()));
  Site site = must(lab.site());
  site.forced_stop =
      "kind = \"ec2\"\ntimeout = \"30s\"\ndelay = \"500ms\"\n"
      "check_interval = \"1s\"\n";
  const Cluster cluster = must(Cluster::start(lab, programs, site));
  const auto formed = must(cluster.wait_until_formed(patience));
  REQUIRE(formed.owner == "server1");

  // A permission that is missing shows before it is needed.
  CHECK(wait_for_state(cluster, "server2", "normal")[0].value("node", "") == "server1");
  must(lab.fault({"deny", "ha-node", "ec2:StopInstances"}));
  const auto denied = wait_for_state(cluster, "server2", "error");
  CHECK(denied[0].value("why", "").find("ec2:StopInstances") != std::string::npos);
  must(lab.fault({"permit", "ha-node", "all"}));
  CHECK(wait_for_state(cluster, "server2", "normal")[0].value("state", "") == "normal");

  must(lab.fault({"stop-delay", "4s"}));
  const std::int64_t struck = monotonic_ns();
  must(lab.fault({"freeze", "server1"}));
  const auto moved = must(cluster.wait_until_moved_from("server1", patience));
  CHECK(moved.owner == "server2");
  const auto activation = must(cluster.last_activation("server2"));
  CHECK(activation.evidence == "fenced");
  CHECK(activation.monotonic_ns - struck > Duration(5s).count());  // silence, and then the stop
  const auto events = must(cluster.events("server2", 0));
  CHECK(std::ranges::none_of(events, [](const Moment& moment) {
    return moment.text.find("forced stop failed") != std::string::npos;
  }));
  CHECK(state_by_aws_command(lab, "server1").starts_with("stopped"));
  CHECK(state_by_aws_command(lab, "server2").starts_with("running"));

  must(lab.fault({"start", "server1"}));
  const auto healed = must(cluster.wait_until_formed(patience));
  CHECK(healed.owner == "server2");
  CHECK(healed.term == moved.term);
}

}  // namespace
}  // namespace mainstay::bench
