// Labs come up quickly, live beside each other, and leave nothing.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "lab/control.h"
#include "lab/e2e/fixture.h"
#include "lab/files.h"
#include "lab/instances.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

namespace fs = std::filesystem;

std::set<std::string> entries(const fs::path& path) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored))
    names.insert(entry.path().filename());
  return names;
}

// What this lab has left on the machine, or shows of itself outside of its namespaces. Other labs
// may come and go meanwhile.
std::vector<std::string> traces(const std::string& directory, int pid) {
  std::vector<std::string> found;
  for (const std::string& link : entries("/sys/class/net")) {
    for (const char* own : {"igw", "vpc", "wi", "wr"}) {
      if (link.starts_with(own)) found.push_back("link " + link);
    }
  }
  const std::string mounts = read_file("/proc/self/mounts").value_or("");
  if (mounts.find(directory) != std::string::npos) found.push_back("mounts: " + mounts);
  for (const std::string& group : entries(own_cgroup())) {
    if (group.starts_with("mainstay-lab-") && group.ends_with(fmt::format("-{}", pid))) {
      found.push_back("group " + group);
    }
  }
  if (fs::exists(directory)) found.push_back("directory " + directory);
  return found;
}

// The traces of a lab that runs: its directory, and its control group where it could make one.
bool only_directory_and_group(const std::vector<std::string>& found) {
  return std::ranges::all_of(found, [](const std::string& one) {
    return one.starts_with("directory ") || one.starts_with("group ");
  });
}

// Living processes whose command line names the directory, or that are inits of instances with that
// parent.
int processes_of(int lab_pid) {
  int count = 0;
  for (const std::string& name : entries("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read_file("/proc/" + name + "/stat").value_or("");
    const auto state = stat.rfind(") ");
    if (state == std::string::npos || stat[state + 2] == 'Z') continue;
    const bool child = stat.substr(state + 4).starts_with(fmt::format("{} ", lab_pid));
    if (child || name == std::to_string(lab_pid)) ++count;
  }
  return count;
}

int pid_of(const std::string& directory) {
  const std::string text = read_file(directory + "/lab.json").value_or("");
  const auto at = text.find("\"pid\":");
  REQUIRE(at != std::string::npos);
  return std::stoi(text.substr(at + 6));
}

}  // namespace

TEST_CASE("down leaves nothing, and doing it twice is no error") {
  auto lab = Lab::up();
  REQUIRE_MESSAGE(lab.has_value(), (lab ? "" : lab.error().message));
  const std::string directory = lab->directory();
  const int pid = pid_of(directory);
  CHECK(processes_of(pid) == 7);
  CHECK(only_directory_and_group(traces(directory, pid)));
  REQUIRE(lab->down().has_value());
  CHECK(processes_of(pid) == 0);
  CHECK(traces(directory, pid).empty());
  CHECK(lab->down().has_value());
}

TEST_CASE("who waits for the output of up does not wait for the lab's end") {
  const std::string directory = fmt::format("/tmp/mainstay-lab-output-{}", ::getpid());
  const Lab& lab = shared_lab();
  std::FILE* up = ::popen(fmt::format("{} up --dir {}", lab.program(), directory).c_str(), "r");
  REQUIRE(up != nullptr);
  std::array<char, 4096> said{};
  CHECK(std::fread(said.data(), 1, said.size() - 1, up) > 0);  // until the end of the output
  CHECK(std::string(said.data()).find("the lab is up in " + directory) == 0);
  CHECK(::pclose(up) == 0);
  // A call that is held back does not hold up the end.
  CHECK(std::system(
            fmt::format("{} fault --dir {} api latency 60s", lab.program(), directory).c_str()) ==
        0);
  CHECK(
      std::system(fmt::format("{} exec --dir {} nat1 --detach -- curl -m 100 http://203.0.113.50/",
                              lab.program(), directory)
                      .c_str()) == 0);
  CHECK(std::system(fmt::format("{} down --dir {}", lab.program(), directory).c_str()) == 0);
  CHECK_FALSE(fs::exists(directory));
}

TEST_CASE("a lab whose process was killed is cleaned up all the same") {
  auto lab = Lab::up();
  REQUIRE(lab.has_value());
  const std::string directory = lab->directory();
  const int pid = pid_of(directory);
  const int instance = std::stoi(value_of(*lab, "instances/server1/pid"));
  REQUIRE(lab->start("server1", {"sleep", "1000"}).has_value());
  REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(becomes_true(2s, [&] { return ::kill(instance, 0) != 0; }));
  REQUIRE(lab->down().has_value());
  CHECK(traces(directory, pid).empty());
}

TEST_CASE("two labs of the same layout do not see each other") {
  auto one = Lab::up();
  auto two = Lab::up();
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  run(*one, "server1", {"touch", "/run/lab/mark"});
  CHECK(run(*two, "server1", {"test", "-e", "/run/lab/mark"}).code == 1);
  fault(*one, "kill server1");
  CHECK(pings(*two, "client", "10.0.110.10"));
  CHECK_FALSE(pings(*one, "client", "10.0.110.10"));
}

TEST_CASE("a second lab in the same directory is refused and harms nothing") {
  const Lab& lab = shared_lab();
  const auto second = Lab::up({.directory = lab.directory()});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message.find("a lab runs in") != std::string::npos);
  CHECK(pings(lab, "client", "10.0.110.10"));
}

TEST_CASE("a wrong layout is refused with what is wrong, and leaves nothing") {
  const std::string directory = "/tmp/mainstay-lab-wrong-layout";
  const auto wrong = Lab::up({.directory = directory, .layout = R"({"vpc": "10.0.0.1/16"})"});
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message.find("host bits are set") != std::string::npos);
  CHECK_FALSE(fs::exists(directory));
}

TEST_CASE("another layout gives another VPC") {
  const auto lab = Lab::up({.layout = R"({
    "vpc": "172.16.0.0/16", "zones": ["z-1", "z-2"],
    "route_tables": [{"name": "all",
                      "routes": [{"destination": "10.9.9.9/32", "target": "b"}]}],
    "subnets": [{"name": "s1", "zone": "z-1", "cidr": "172.16.1.0/24", "route_table": "all"},
                {"name": "s2", "zone": "z-2", "cidr": "172.16.2.0/24", "route_table": "all"}],
    "instances": [{"name": "a", "subnet": "s1", "address": "172.16.1.10"},
                  {"name": "b", "subnet": "s2", "address": "172.16.2.10",
                   "source_dest_check": false},
                  {"name": "c", "subnet": "s2", "address": "172.16.2.11"}]})"});
  REQUIRE_MESSAGE(lab.has_value(), (lab ? "" : lab.error().message));
  CHECK(pings(*lab, "a", "172.16.2.10"));
  CHECK(pings(*lab, "b", "172.16.2.11"));  // two instances of one subnet, at the first try
  run(*lab, "b", {"ip", "addr", "add", "10.9.9.9/32", "dev", "eth0"});
  CHECK(pings(*lab, "a", "10.9.9.9"));
}

TEST_CASE("a command's exit code and output pass through, quickly") {
  const Lab& lab = shared_lab();
  const auto ran = run(lab, "server1", {"sh", "-c", "echo out; echo err >&2; exit 7"});
  CHECK(ran.code == 7);
  CHECK(ran.out == "out\n");
  CHECK(ran.err == "err\n");
  CHECK(run(lab, "server1", {"sh", "-c", "kill -9 $$"}).code == 137);
  const auto unknown = lab.exec("server1", {"/no/such/program"});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("No such file") != std::string::npos);
  // The quickest of many, because tests share the machine with others.
  auto quickest = std::chrono::nanoseconds::max();
  for (int i = 0; i < 20; ++i) {
    const auto began = std::chrono::steady_clock::now();
    run(lab, "server1", {"true"});
    quickest =
        std::min(quickest, std::chrono::nanoseconds(std::chrono::steady_clock::now() - began));
  }
  CHECK(quickest < 20ms);
}
