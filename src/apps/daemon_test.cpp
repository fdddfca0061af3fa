// What the daemon is wired from: preparation, log lines, the chronicle, and the door over a real
// loop and a real socket.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "api/test_directory.h"
#include "apps/chronicle.h"
#include "apps/log.h"
#include "apps/options.h"
#include "apps/preparation.h"

using namespace mainstay;
using namespace mainstay::apps;
using api::TestDirectory;

namespace {

constexpr const char* document = R"(name = "shop"
key_file = "{}"
[[node]]
name = "a"
[[node]]
name = "b"
[[path]]
name = "lan"
address = {{ a = "127.0.0.1", b = "127.0.0.2" }}
)";

struct Files {
  TestDirectory directory;
  DaemonOptions options;

  Files() {
    options.config = directory / "cluster.toml";
    options.node = "a";
    directory.write("key", adapters::generate_key());
    std::filesystem::permissions(directory / "key", std::filesystem::perms::owner_read);
    directory.write("cluster.toml", fmt::format(document, directory / "key"));
  }
  Refusals refusals(const char* host = "a") const {
    const auto prepared = prepare(options, host);
    return prepared ? Refusals{} : prepared.error();
  }
};

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a node is prepared by its option or by the host's name") {
  Files files;
  auto prepared = prepare(files.options, "elsewhere");
  REQUIRE(prepared);
  CHECK(prepared->self == NodeName("a"));
  CHECK(prepared->config->name == "shop");
  files.options.node.clear();
  prepared = prepare(files.options, "b");
  REQUIRE(prepared);
  CHECK(prepared->self == NodeName("b"));
}

TEST_CASE("a host that is not in the configuration is told who is") {
  Files files;
  files.options.node.clear();
  const auto refusals = files.refusals("elsewhere");
  REQUIRE(refusals.size() == 1);
  CHECK(has(refusals[0], "this host is called 'elsewhere', which is none of the nodes a, b"));
  files.options.node = "c";
  CHECK(has(files.refusals().at(0), "--node names 'c'"));
}

TEST_CASE("everything that is wrong is said at once") {
  Files files;
  files.options.node = "c";
  std::filesystem::remove(files.directory / "key");
  const auto refusals = files.refusals();
  REQUIRE(refusals.size() == 2);
  CHECK(has(refusals[0], "'c'"));
  CHECK(has(refusals[1], "key"));

  files.directory.write("cluster.toml", "name = 3\n");
  CHECK(files.refusals().size() == 3);
  files.options.config = files.directory / "none.toml";
  CHECK(has(files.refusals().at(0), "none.toml: No such file or directory. Name it with --config"));
}

TEST_CASE("what this release cannot do is refused, not ignored") {
  ClusterConfig config;
  CHECK(not_in_this_release(config).empty());
  config.arbitration.arbiter.kind = ArbiterKind::dynamodb;
  CHECK(not_in_this_release(config).empty());
  config.arbitration.arbiter.kind = ArbiterKind::etcd;
  for (const auto kind : {ForcedStopKind::ec2, ForcedStopKind::script}) {
    config.arbitration.forced_stop.kind = kind;
    CHECK(not_in_this_release(config).empty());
  }
  config.arbitration.arbiter.kind = ArbiterKind::simulated;
  config.arbitration.forced_stop.kind = ForcedStopKind::simulated;
  const auto refusals = not_in_this_release(config);
  REQUIRE(refusals.size() == 2);
  CHECK(has(refusals[0], "a simulated arbiter exists in the simulator only"));
  CHECK(has(refusals[1], "a simulated forced stop exists in the simulator only"));
}

TEST_CASE("options: their defaults, and what is wrong with them") {
  const char* none[] = {"mainstayd"};
  const auto defaults = parse_options(1, none);
  REQUIRE(std::holds_alternative<DaemonOptions>(defaults));
  CHECK_FALSE(std::get<DaemonOptions>(defaults).may_halt);
  const char* wrong[] = {"mainstayd", "--nod", "a"};
  const auto answered = parse_options(3, wrong);
  REQUIRE(std::holds_alternative<OptionsAnswered>(answered));
  CHECK(std::get<OptionsAnswered>(answered).exit_code == 2);
}

TEST_CASE("a note is one line, whatever is in it") {
  const WallTime time(1'795'414'501'250ms);
  CHECK(log_line(Log::Form::terminal, time, Severity::warning, "web", "a\nb") ==
        "2026-11-23T06:15:01.250Z warning     web: a b");
  CHECK(log_line(Log::Form::journal, time, Severity::error, "web", "a") == "<3>web: a");
  CHECK(log_line(Log::Form::journal, time, Severity::information, "web", "a") == "<6>web: a");
}

TEST_CASE("the chronicle keeps notes and activations, and counts them by what they rest on") {
  const TestDirectory directory;
  Log log(Log::Form::terminal);
  Chronicle chronicle(log, NodeName("a"));
  adapters::History history(directory / "history.db", {});
  chronicle.keep_in(&history);
  chronicle.on_action(Note{Severity::warning, "b", "alive → suspect"});
  Activation activation{.group = GroupName("web"), .term = 4, .node = NodeName("a")};
  activation.clearances = {{NodeName("b"), Evidence::reported, "it said so"},
                           {NodeName("c"), Evidence::presumed, "it is silent"}};
  activation.reason = "its owner is dead";
  chronicle.on_action(RecordActivation{activation});

  const auto events = history.events({}, 0s);
  REQUIRE(events.size() == 1);
  CHECK(events[0].node == "a");
  CHECK(events[0].severity == "warning");
  CHECK(events[0].subject == "b");
  CHECK(events[0].monotonic_ns > 0);
  const auto records = history.activations("web", 10);
  REQUIRE(records);
  REQUIRE(records->size() == 1);
  CHECK(records->at(0).term == 4);
  CHECK(records->at(0).clearances.at(0) == ClearanceRecord{"b", "reported", true, "it said so"});
  CHECK(records->at(0).clearances.at(1).strong == false);
  const auto counters = chronicle.counters();
  CHECK(counters.at(0).values == std::map<std::string, std::uint64_t>{{"presumed", 1}});
  CHECK(counters.at(1).values == std::map<std::string, std::uint64_t>{{"warning", 1}});
}
