// Two whole daemons on this machine's loopback addresses, as processes of their own: they form a
// cluster, answer for each other, and stop in order. Their program ends by itself after a minute,
// should the test be broken off.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "api/client.h"
#include "api/json.h"
#include "api/test_directory.h"
#include "apps/daemon.h"
#include "base/file.h"

using namespace mainstay;
using namespace mainstay::apps;

namespace {

// Loopback addresses of this process's own, so that test runs side by side do not meet.
std::string address(int node) {
  const int pid = getpid();
  return fmt::format("127.{}.{}.{}", 64 + pid / 254 % 180, pid % 254 + 1, node);
}

std::string document(const api::TestDirectory& directory, const std::string& arbitration = "") {
  return fmt::format(R"(name = "pair"
profile = "fast"
key_file = "{}"
[[node]]
name = "a"
[[node]]
name = "b"
[[path]]
name = "lan"
address = {{ a = "{}", b = "{}" }}
[ports]
heartbeat = 29302
control = 29301
{}
[[group]]
name = "web"
policy = ["a", "b"]
[[resource]]
name = "server"
type = "script"
group = "web"
mode = "resident"
start = ["/bin/sleep", "60"]
deactivate_final = "none"
)",
                     directory / "key", address(1), address(2), arbitration);
}

struct Node {
  std::string socket;
  pid_t pid = -1;

  Node(const api::TestDirectory& directory, const std::string& name)
      : socket(directory / (name + ".sock")) {
    DaemonOptions options;
    options.config = directory / "cluster.toml";
    options.node = name;
    options.socket = socket;
    options.state_directory = directory / ("state-" + name);
    options.log_directory = directory / ("log-" + name);
    pid = fork();
    if (pid == 0) live(options);
  }
  ~Node() {
    // Told twice it ends what it runs at once; killed it would leave it behind.
    for (int i = 0; i < 100 && pid > 0; ++i) {
      if (i % 10 == 0) kill(pid, SIGTERM);
      if (waitpid(pid, nullptr, WNOHANG) == pid) pid = -1;
      std::this_thread::sleep_for(10ms);
    }
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[noreturn]] static void live(const DaemonOptions& options) {
    if (!std::freopen((options.log_directory + ".txt").c_str(), "w", stderr)) _exit(3);
    auto prepared = prepare(options, "");
    if (!prepared) _exit(2);
    int code = 1;
    if (auto daemon = Daemon::start(std::move(*prepared))) {
      code = (*daemon)->run();
      daemon->reset();
    }
    _exit(code);
  }
  // The exit code; -1 if it had to be killed.
  int stop() {
    kill(pid, SIGTERM);
    return await_end();
  }
  int await_end() {
    int state = 0;
    for (int i = 0; i < 1000; ++i) {
      if (waitpid(pid, &state, WNOHANG) == pid) {
        pid = -1;
        return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
      }
      std::this_thread::sleep_for(10ms);
    }
    return -1;
  }
  api::Client client(const std::string& host = "") const {
    return api::Client({.socket = socket, .host = host, .timeout_s = 10});
  }
  std::optional<ClusterStatus> status(const std::string& host = "") const {
    const auto body = client(host).get({.path = "/v1/status"});
    if (!body) return std::nullopt;
    auto report = api::status_from_json(*body);
    return report ? std::optional(std::move(report->cluster)) : std::nullopt;
  }
  // Waits until this holds of what the node says.
  bool says(const std::function<bool(const ClusterStatus&)>& holds) const {
    for (int i = 0; i < 1000; ++i) {
      const auto now = status();
      if (now && holds(*now)) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  // Waits until the group runs on this owner, as this node sees it.
  bool sees_owner(const std::string& owner) const {
    return says([&](const ClusterStatus& now) {
      const GroupStatus& group = now.groups.at(0);
      return group.owner.value == owner && group.phase == GroupPhase::running;
    });
  }
};

// A user's forced stop: it kills the daemon whose number is in a file, and says so only then.
std::string write_stop_script(const api::TestDirectory& directory) {
  directory.write("stop.sh", fmt::format("#!/bin/sh\n"
                                         "echo \"$CLP_SERVER_LOCAL: mode $CLP_FORCESTOP_MODE, "
                                         "$CLP_SERVER_DOWN\"\n"
                                         "test \"$CLP_FORCESTOP_MODE\" = 0 && exec test -e {0}\n"
                                         "kill -9 $(cat {0}/$CLP_SERVER_DOWN.pid)\n",
                                         directory / ""));
  const std::string script = directory / "stop.sh";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  return script;
}

}  // namespace

TEST_CASE("two daemons form a cluster, answer for each other, and stop in order") {
  const api::TestDirectory directory;
  directory.write("key", adapters::generate_key());
  std::filesystem::permissions(directory / "key", std::filesystem::perms::owner_read);
  directory.write("cluster.toml", document(directory));
  Node a(directory, "a"), b(directory, "b");
  REQUIRE(a.sees_owner("a"));
  REQUIRE(b.sees_owner("a"));

  const auto of_b = a.status("b");
  REQUIRE(of_b);
  CHECK(of_b->self == NodeName("b"));
  CHECK_FALSE(a.status("c"));

  const auto moved = b.client().order({.path = "/v1/groups/web/move"});
  REQUIRE_MESSAGE(moved, (moved ? "" : moved.error().error.message));
  CHECK(a.sees_owner("b"));
  const auto why = a.client().get({.path = "/v1/groups/web/why"});
  REQUIRE(why);
  const auto record = api::why_from_json(*why)->activations.at(0);
  CHECK(record.node == "b");
  CHECK(record.clearances.at(0).evidence == "reported");

  REQUIRE(a.client().order({.path = "/v1/nodes/b/stop"}));
  CHECK(b.await_end() == 0);
  CHECK(a.sees_owner("a"));
  CHECK(a.stop() == 0);
  CHECK_FALSE(std::filesystem::exists(a.socket));
}

TEST_CASE("a silent daemon is stopped by the user's script, and its group goes on elsewhere") {
  const api::TestDirectory directory;
  directory.write("key", adapters::generate_key());
  std::filesystem::permissions(directory / "key", std::filesystem::perms::owner_read);
  directory.write("cluster.toml",
                  document(directory, fmt::format("[arbitration.forced_stop]\nkind = \"script\"\n"
                                                  "script = \"{}\"\n"
                                                  "[[arbitration.reachability]]\nname = \"own\"\n"
                                                  "kind = \"script\"\nscript = \"/bin/true\"\n",
                                                  write_stop_script(directory))));
  Node a(directory, "a"), b(directory, "b");
  directory.write("a.pid", std::to_string(a.pid));
  REQUIRE(b.sees_owner("a"));
  CHECK(b.says([](const ClusterStatus& now) {
    return now.forced_stops.at(0).verdict == Verdict::healthy &&
           now.reachability_checks.at(0).verdict == Reachability::reachable;
  }));

  REQUIRE(kill(a.pid, SIGSTOP) == 0);
  CHECK(b.sees_owner("b"));
  CHECK(a.await_end() == -1);
  CHECK(a.pid == -1);
  const auto why = b.client().get({.path = "/v1/groups/web/why"});
  REQUIRE(why);
  CHECK(api::why_from_json(*why)->activations.at(0).clearances.at(0).evidence == "fenced");
  const auto log = read_file(directory / "log-b/forced_stop.log", 10'000);
  REQUIRE(log);
  CHECK(log->find("b: mode 0, a\n") != std::string::npos);
  CHECK(log->find("b: mode 1, a\n") != std::string::npos);
  CHECK(b.stop() == 0);
}

TEST_CASE("a daemon that is told to end leaves once its group runs elsewhere") {
  const api::TestDirectory directory;
  directory.write("key", adapters::generate_key());
  std::filesystem::permissions(directory / "key", std::filesystem::perms::owner_read);
  directory.write("cluster.toml", document(directory));
  Node a(directory, "a"), b(directory, "b");
  REQUIRE(a.sees_owner("a"));
  REQUIRE(b.sees_owner("a"));
  CHECK(a.stop() == 0);
  const auto now = b.status();
  REQUIRE(now);
  CHECK(now->groups.at(0).owner == NodeName("b"));
  CHECK(now->groups.at(0).phase == GroupPhase::running);
  CHECK(now->nodes.at(0).trust == Trust::resigned);
}

TEST_CASE("a daemon that is told twice does not wait for a program that ignores its end") {
  const api::TestDirectory directory;
  directory.write("key", adapters::generate_key());
  std::filesystem::permissions(directory / "key", std::filesystem::perms::owner_read);
  std::string text = document(directory);
  const std::string program = R"(["/bin/sleep", "60"])";
  text.replace(text.find(program), program.size(),
               R"(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"])");
  directory.write("cluster.toml", text + "kill_after = \"60s\"\n");
  Node a(directory, "a"), b(directory, "b");
  REQUIRE(a.sees_owner("a"));
  kill(a.pid, SIGTERM);
  while (a.status() && a.status()->groups.at(0).phase != GroupPhase::stopping) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(a.stop() == 0);  // Within ten seconds, or it counts as failed.
  CHECK(b.sees_owner("b"));
}
