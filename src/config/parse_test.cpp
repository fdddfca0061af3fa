#include "config/parse.h"

#include <doctest/doctest.h>

#include "config/testing.h"

namespace mainstay {
namespace {

using testing::edited;
using testing::problems_of;
using testing::small_document;
using testing::valid;

TEST_CASE("the small document means what it says") {
  const ClusterConfig config = valid(small_document);
  CHECK(config.name == "cluster1");
  CHECK(config.key_file == "/etc/mainstay/cluster.key");
  REQUIRE(config.nodes.size() == 2);
  CHECK(config.nodes[1].name == NodeName("server2"));
  CHECK(config.paths[0].addresses.at(NodeName("server2")) == "10.0.2.10");
  CHECK(config.timing.heartbeat_interval == 200ms);
  CHECK(config.timing.heartbeat_timeout == Timing{}.heartbeat_timeout);
  CHECK(config.arbitration.isolation_action == IsolationAction::shut_down);
  const auto& targets = config.arbitration.reachability.at(0).targets;
  CHECK(targets.at(NodeName("server1")) == std::vector<ReachabilityTarget>{{"10.0.0.1", 0}});
  CHECK(targets.at(NodeName("server2")) == targets.at(NodeName("server1")));
  const GroupConfig& group = config.groups.at(0);
  CHECK(group.policy == std::vector{NodeName("server1"), NodeName("server2")});
  const ResourceConfig& address = group.resources.at(0);
  CHECK(address.params.at(NodeName("server1")).at("eni_id") == Value("eni-00000001"));
  CHECK(address.params.at(NodeName("server1")).at("patience") == Value(Duration(5s)));
  CHECK(address.params.at(NodeName("server2")).at("patience") == Value(Duration(7s)));
  CHECK(group.resources.at(1).depends_on == std::vector{ResourceName("addr1")});
  CHECK(group.resources.at(1).params.at(NodeName("server2")).at("start") ==
        Value(std::vector<std::string>{"/opt/web"}));
  CHECK(config.digest != 0);
}

TEST_CASE("the monitor of a resource is added by itself") {
  const ClusterConfig config = valid(small_document);
  REQUIRE(config.monitors.size() == 2);
  const MonitorConfig& check = config.monitors[1];
  CHECK(check.name == MonitorName("addrw1"));
  CHECK(check.type == "addrw");
  CHECK(check.checks == ResourceName("addr1"));
  CHECK(check.timing == MonitorTiming::active);
  CHECK(check.active_with == ResourceName("addr1"));
  CHECK(check.interval == 45s);
  CHECK(check.recovery.target == RecoveryTarget::resource);
  CHECK(check.recovery.resource == ResourceName("addr1"));
  CHECK(check.recovery.group == GroupName("failover1"));
  CHECK(check.recovery.restart_max == 3);
  CHECK(check.recovery.failover_max == 1);
  CHECK(check.params.size() == 2);
}

TEST_CASE("a monitor of a resource that is declared keeps what it does not say") {
  const ClusterConfig config = valid(std::string(small_document) + R"(
[[monitor]]
name = "look"
type = "addrw"
checks = "addr1"
interval = 10
recovery = { restart_max = 5 }
)");
  REQUIRE(config.monitors.size() == 2);
  const MonitorConfig& check = config.monitors[1];
  CHECK(check.name == MonitorName("look"));
  CHECK(check.interval == 10s);
  CHECK(check.active_with == ResourceName("addr1"));
  CHECK(check.recovery.resource == ResourceName("addr1"));
  CHECK(check.recovery.restart_max == 5);
  CHECK(check.recovery.failover_max == 1);
}

TEST_CASE("a resource that has nothing to watch gets no monitor, one that has gets a name of it") {
  CHECK(valid(small_document).monitors.size() == 2);
  const ClusterConfig config = valid(edited("start = \"/opt/web\"", R"(start = "/opt/web"
stays = true)"));
  REQUIRE(config.monitors.size() == 3);
  CHECK(config.monitors[2].name == MonitorName("webw"));
}

TEST_CASE("the fast profile replaces times, single values replace the profile's") {
  const ClusterConfig config = valid("profile = \"fast\"\n" + std::string(small_document));
  Timing expected = fast_timing();
  expected.heartbeat_interval = 200ms;
  CHECK(config.timing == expected);
}

TEST_CASE("how nodes come back, and go, is said in tables of its own") {
  const auto config = valid(std::string(small_document) +
                            "[return]\nautomatic = false\nlosses_max = 2\nquarantine = 0\n"
                            "[reboot_limit]\nmax = 1\n"
                            "[shutdown]\ngroups = \"stop\"\ntimeout = \"20s\"\n"
                            "[aws]\nbackend = \"cli\"\nsettings = \"/etc/aws.conf\"\n");
  CHECK(config.return_policy == ReturnConfig{false, 2, 10min, 0s});
  CHECK(config.reboot_limit == RebootLimitConfig{1, 60min});
  CHECK(config.shutdown == ShutdownConfig{ShutdownGroups::stop, 20s});
  CHECK(config.aws == AwsConfig{AwsBackend::cli, "/etc/aws.conf"});
}

TEST_CASE("what differs between nodes may stand in any field of a resource or monitor") {
  const ClusterConfig config =
      valid(edited("addresses = [\"10.0.0.1\"]\n",
                   "[monitor.node.server1]\naddresses = \"10.0.0.1\"\n"
                   "[monitor.node.server2]\naddresses = [\"10.0.0.2\", \"10.0.0.3\"]\n"));
  const MonitorConfig& pinger = config.monitors[0];
  CHECK(pinger.params.at(NodeName("server1")).at("addresses") ==
        Value(std::vector<std::string>{"10.0.0.1"}));
  CHECK(pinger.params.at(NodeName("server2")).at("addresses") ==
        Value(std::vector<std::string>{"10.0.0.2", "10.0.0.3"}));
}

TEST_CASE("both ends of a range are possible") {
  for (const char* patience : {"1s", "10s"}) {
    const ClusterConfig config =
        valid(edited("patience = \"7s\"", fmt::format("patience = \"{}\"", patience)));
    CHECK(config.groups[0].resources[0].params.at(NodeName("server2")).at("patience") ==
          Value(*duration_from(patience)));
  }
}

TEST_CASE("a monitor runs where it is told to") {
  const ClusterConfig config =
      valid(edited("type = \"pinger\"", "type = \"pinger\"\nnodes = [\"server2\"]"));
  CHECK(config.monitors[0].params.size() == 1);
  CHECK(config.monitors[0].params.contains(NodeName("server2")));
}

TEST_CASE("tcp targets have a port, of IPv6 addresses too") {
  const ClusterConfig config = valid(edited(
      "targets = [\"10.0.0.1\"]",
      "kind = \"tcp\"\ntargets = [\"gw.example.com:443\", \"[fd00::1]:80\", \"10.0.0.1:1\"]"));
  CHECK(config.arbitration.reachability[0].targets.at(NodeName("server1")) ==
        std::vector<ReachabilityTarget>{
            {"gw.example.com", 443, ""}, {"fd00::1", 80, ""}, {"10.0.0.1", 1, ""}});
}

TEST_CASE("http targets are URLs, and each node may have its own") {
  const ClusterConfig config = valid(
      edited("targets = [\"10.0.0.1\"]",
             "kind = \"http\"\nproxy = \"http://10.0.0.9:3128\"\nverify = false\n"
             "targets = [\"https://[fd00::1]:8443/health\"]\n"
             "[arbitration.reachability.node.server2]\ntargets = [\"http://gw.example.com/\"]"));
  const ReachabilityConfig& check = config.arbitration.reachability[0];
  CHECK(check.proxy == "http://10.0.0.9:3128");
  CHECK_FALSE(check.verify);
  CHECK(check.targets.at(NodeName("server1")) ==
        std::vector<ReachabilityTarget>{{"fd00::1", 0, "https://[fd00::1]:8443/health"}});
  CHECK(check.targets.at(NodeName("server2")) ==
        std::vector<ReachabilityTarget>{{"gw.example.com", 0, "http://gw.example.com/"}});
}

TEST_CASE("a script is a check without targets") {
  const ClusterConfig config =
      valid(edited("targets = [\"10.0.0.1\"]", "kind = \"script\"\nscript = \"/opt/reach.sh\""));
  CHECK(config.arbitration.reachability[0].script == "/opt/reach.sh");
}

TEST_CASE("a role of its own goes before that of all, and none is none") {
  ClusterConfig config;
  const Params own = {{"role_arn", std::string("arn:aws:iam::123456789012:role/own")}};
  const Params without = {{"role_arn", std::string()}};
  CHECK(role_of(config, own) == "arn:aws:iam::123456789012:role/own");
  CHECK(role_of(config, without).empty());
  config.aws.role_arn = "arn:aws-cn:iam::123456789012:role/path/all";
  CHECK(role_of(config, own) == "arn:aws:iam::123456789012:role/own");
  CHECK(role_of(config, without) == config.aws.role_arn);
  CHECK(role_of(config, {}) == config.aws.role_arn);
}

TEST_CASE("a forced stop has all its times and what becomes of the node") {
  const ClusterConfig config =
      valid(edited("isolation_action = \"shut_down\"",
                   "[arbitration.forced_stop]\nkind = \"ec2\"\naction = \"reboot\"\n"
                   "timeout = \"90s\"\ndelay = \"10s\"\ncheck_interval = \"5min\""));
  const ForcedStopConfig& stop = config.arbitration.forced_stop;
  CHECK(stop.kind == ForcedStopKind::ec2);
  CHECK(stop.action == ForcedStopAction::reboot);
  CHECK(stop.timeout == 90s);
  CHECK(stop.delay == 10s);
  CHECK(stop.check_interval == 5min);
}

struct Row {
  std::string name;
  const char* from;
  const char* to;
  std::vector<std::string> problems;
};

const std::vector<Row> mistakes = {
    {"no TOML", "name = \"cluster1\"", "name = cluster1", {"cluster.toml:1:8: this is not TOML: "}},
    {"curly quotes",
     "name = \"cluster1\"",
     "name = “cluster1”",
     {"cluster.toml:1:8: a character that is not ASCII stands outside of quotes."}},
    {"a header that begins like no key",
     "[timing]",
     "[?timing]",
     {"cluster.toml:12:2: this is not TOML: "}},
    {"a header of three brackets",
     "[[group]]",
     "[[[group]]]",
     {"cluster.toml:21:3: this is not TOML: "}},
    {"an unknown key of a type",
     "eni_id = \"eni-00000001\"",
     "eni = \"eni-00000001\"",
     {"cluster.toml:30:1: group failover1, resource addr1, node server1: unknown key \"eni\". "
      "Did you mean \"eni_id\"?",
      "group failover1, resource addr1: \"eni_id\" is missing for server1. Give it"}},
    {"an unknown key of a resource",
     "depends_on =",
     "depend_on =",
     {"cluster.toml:38:1: group failover1, resource web: unknown key \"depend_on\". Did you mean "
      "\"depends_on\"?"}},
    {"an unknown table",
     "[timing]",
     "[timings]",
     {"unknown key \"timings\". Did you mean \"timing\"?"}},
    {"an unknown time",
     "heartbeat_interval",
     "heartbeat_intervall",
     {"timing: unknown key \"heartbeat_intervall\". Did you mean \"heartbeat_interval\"?"}},
    {"an unknown type",
     "type = \"addr\"",
     "type = \"adr\"",
     {"cluster.toml:26:8: group failover1, resource addr1: there is no type \"adr\". Did you "
      "mean \"addr\"?"}},
    {"an unknown group",
     "group = \"failover1\"",
     "group = \"failover2\"",
     {"resource addr1: there is no group \"failover2\". Did you mean \"failover1\"?",
      "there is no resource \"addr1\" in group failover1"}},
    {"an unknown node",
     "[resource.node.server2]",
     "[resource.node.sever2]",
     {"there is no node \"sever2\". Did you mean \"server2\"?",
      "\"eni_id\" is missing for server2"}},
    {"a number where a text belongs",
     "ip = \"10.1.0.20\"",
     "ip = 10",
     {"\"ip\": this must be a text in quotes, but is the number 10."}},
    {"no IP address",
     "ip = \"10.1.0.20\"",
     "ip = \"10.1.0.256\"",
     {"cluster.toml:28:6: group failover1, resource addr1: \"ip\": \"10.1.0.256\" is not an IP "
      "address. Write it like"}},
    {"an address of a node",
     "ip = \"10.1.0.20\"",
     "ip = \"10.0.2.10\"",
     {"cluster.toml:28:6: group failover1, resource addr1: 10.0.2.10 is the address of node "
      "server2 on path lan. Choose an address that no machine has."}},
    {"a law of the type",
     "ip = \"10.1.0.20\"",
     "ip = \"224.0.0.1\"",
     {"cluster.toml:28:6: group failover1, resource addr1: this cannot be an address of a "
      "service. Choose another."}},
    {"no ENI ID",
     "\"eni-00000002\"",
     "\"eni-0000002\"",
     {"\"eni_id\": \"eni-0000002\" is not an ENI ID. It looks like"}},
    {"a missing field", "ip = \"10.1.0.20\"\n", "", {"\"ip\" is missing. The address."}},
    {"a duration out of range",
     "patience = \"7s\"",
     "patience = \"11s\"",
     {"\"patience\": 11s is out of range. Choose 1s to 10s."}},
    {"a duration that is none",
     "\"200ms\"",
     "\"200 msec\"",
     {"timing: \"heartbeat_interval\": this must be a duration such as \"1.5s\""}},
    {"a common key in a node's table",
     "eni_id = \"eni-00000001\"",
     "eni_id = \"eni-00000001\"\nactivate_timeout = 10",
     {"\"activate_timeout\" is the same on every node and cannot be set for one. Move it out"}},
    {"a table instead of a list",
     "[[group]]",
     "[group]",
     {"\"group\" must be a list of tables, but "
      "is a table. Begin each of them with "
      "[[group]].",
      "there is no group \"failover1\""}},
    {"a path without one of the nodes",
     ", server2 = \"10.0.2.10\"",
     "",
     {"cluster.toml:10:11: path lan: \"address\" is missing for server2."}},
    {"one address twice",
     "server2 = \"10.0.2.10\"",
     "server2 = \"10.0.1.10\"",
     {"path lan: 10.0.1.10 is also the address of server1 on path lan."}},
    {"an address for all",
     "\"10.0.2.10\"",
     "\"0.0.0.0\"",
     {"path lan: 0.0.0.0 is the unspecified address. Give server2's own address."}},
    {"IPv4 and IPv6 on one path",
     "\"10.0.2.10\"",
     "\"fd00::2\"",
     {"path lan: IPv4 and IPv6 are mixed on one path."}},
    {"two nodes of one name",
     "name = \"server2\"",
     "name = \"server1\"",
     {"there are two nodes \"server1\"", "there is no node \"server2\"",
      "there is no node \"server2\""}},
    {"one node",
     "[[node]]\nname = \"server2\"\n",
     "",
     {"there are 1 nodes, fewer than 2", "there is no node \"server2\""}},
    {"a name with a blank",
     "name = \"failover1\"",
     "name = \"failover 1\"",
     {"\"name\": \"failover 1\" is not a name. A name has 1 to 31 letters",
      "there is no group \"failover1\""}},
    {"a name of 32 bytes",
     "name = \"cluster1\"",
     "name = \"abcdefghijklmnopqrstuvwxyz012345\"",
     {"\"name\": \"abcdefghijklmnopqrstuvwxyz012345\" is not a name."}},
    {"a name of a resource and a monitor",
     "name = \"pinger1\"",
     "name = \"web\"",
     {"monitor web: \"web\" is also the name of group failover1, resource web."}},
    {"the word for the node itself",
     "name = \"web\"",
     "name = \"local\"",
     {"\"local\" means the node itself"}},
    {"a policy with a stranger",
     "[[group]]\nname = \"failover1\"",
     "[[group]]\nname = \"failover1\"\npolicy = [\"server1\", \"server3\"]",
     {"cluster.toml:23:10: group failover1: there is no node \"server3\"."}},
    {"a policy with a repetition",
     "[[group]]\nname = \"failover1\"",
     "[[group]]\nname = \"failover1\"\npolicy = [\"server1\", \"server1\"]",
     {"group failover1: \"server1\" stands there twice."}},
    {"a dependency on itself",
     "depends_on = [\"addr1\"]",
     "depends_on = [\"web\"]",
     {"group failover1, resource web: resources wait for each other: web depends on web."}},
    {"a circle of dependencies",
     "ip = \"10.1.0.20\"",
     "ip = \"10.1.0.20\"\ndepends_on = [\"web\"]",
     {"resources wait for each other: addr1 depends on web depends on addr1."}},
    {"a dependency on nothing",
     "depends_on = [\"addr1\"]",
     "depends_on = [\"addr2\"]",
     {"there is no resource \"addr2\" in group failover1."}},
    {"a timeout that is no longer than the interval",
     "heartbeat_interval = \"200ms\"",
     "heartbeat_interval = \"200ms\"\nheartbeat_timeout = \"200ms\"\nsuspect_after = \"250ms\"",
     {"cluster.toml:14:21: timing: heartbeat_timeout (200 ms) is not longer than "
      "heartbeat_interval (200 ms).",
      "timing: suspect_after (250 ms) is longer than heartbeat_timeout (200 ms)."}},
    {"a margin that eats the lease",
     "heartbeat_interval = \"200ms\"",
     "heartbeat_interval = \"200ms\"\nlease = 1",
     {"timing: stop_margin (600 ms) is more than half of the lease (1 s)."}},
    {"the AWS CLI for a lease that it is too slow for",
     "[arbitration]",
     "[arbitration]\narbiter = \"dynamodb\"\n[arbitration.dynamodb]\nbackend = \"cli\"",
     {"arbitration, dynamodb: the AWS CLI is too slow for a lease of 2.4 s. Set backend = "
      "\"native\", or lease = \"20s\" or more in [timing]."}},
    {"a role that is none",
     "[arbitration]",
     "[aws]\nrole_arn = \"arn:aws:iam::1234:role/r\"\n[arbitration]",
     {"aws: \"role_arn\": \"arn:aws:iam::1234:role/r\" is not the ARN of a role. It looks like"}},
    {"a doctor that asks all the time",
     "[arbitration]",
     "[aws]\ndoctor_interval = \"1s\"\n[arbitration]",
     {"aws: \"doctor_interval\": 1s is out of range. Choose 1min to 24h."}},
    {"a majority of two",
     "[arbitration]",
     "[arbitration]\nmajority = true",
     {"cluster.toml:16:12: arbitration: 2 nodes have no majority when one is lost. Set majority "
      "= "
      "false, or add a third node."}},
    {"a survivor that does not exist",
     "[arbitration]",
     "[arbitration]\nboth_active_survivor = \"server9\"",
     {"arbitration: there is no node \"server9\"."}},
    {"etcd without endpoints",
     "[arbitration]",
     "[arbitration]\narbiter = \"etcd\"",
     {"arbitration, etcd: etcd is the arbiter, and has no endpoints. Give the client URLs"}},
    {"half of what etcd asks for",
     "[arbitration]",
     "[arbitration.etcd]\nendpoints = [\"https://u:p@10.0.0.1\"]\n"
     "key_file = \"/k\"\nuser = \"u\"\n[arbitration]",
     {"\"https://u:p@10.0.0.1\" is not an http or https URL",
      "of cert_file and key_file, only one is given",
      "of user and password_file, only one is given"}},
    {"a table's name that DynamoDB refuses",
     "[arbitration]",
     "[arbitration.dynamodb]\ntable = \"a/b\"\n[arbitration]",
     {"\"a/b\" is not the name of a DynamoDB table"}},
    {"a choice that does not exist",
     "isolation_action = \"shut_down\"",
     "isolation_action = \"panic\"",
     {"arbitration: \"isolation_action\": \"panic\" is not possible here. Choose \"none\", "
      "\"stop_groups\""}},
    {"a target that is a node",
     "targets = [\"10.0.0.1\"]",
     "targets = [\"10.0.1.10\"]",
     {"arbitration, reachability gateway: 10.0.1.10 is an address of node server1. Name "
      "something outside"}},
    {"no target",
     "targets = [\"10.0.0.1\"]\n",
     "",
     {"arbitration, reachability gateway: there is no target for server1.",
      "arbitration, reachability gateway: there is no target for server2."}},
    {"a tcp target without a port",
     "targets = [\"10.0.0.1\"]",
     "kind = \"tcp\"\ntargets = [\"10.0.0.1\"]",
     {"\"10.0.0.1\" has no port from 1 to 65535.", "no target for server1",
      "no target for server2"}},
    {"an http target that is no URL",
     "targets = [\"10.0.0.1\"]",
     "kind = \"http\"\ntargets = [\"10.0.0.1:80\"]",
     {"\"10.0.0.1:80\" is not an http or https URL", "no target for server1",
      "no target for server2"}},
    {"an http target that is a node",
     "targets = [\"10.0.0.1\"]",
     "kind = \"http\"\ntargets = [\"http://10.0.1.10:80/\"]",
     {"10.0.1.10 is an address of node server1"}},
    {"a check of kind script without one",
     "targets = [\"10.0.0.1\"]\n",
     "kind = \"script\"\n",
     {"arbitration, reachability gateway: there is no script to run. Give the program's path"}},
    {"a script with targets",
     "targets = [\"10.0.0.1\"]",
     "kind = \"script\"\nscript = \"/x\"\ntargets = [\"10.0.0.1\"]",
     {"arbitration, reachability gateway: a script has no targets"}},
    {"what only another kind of check has",
     "targets = [\"10.0.0.1\"]",
     "script = \"/x\"\nproxy = \"http://p\"\nca_file = \"/ca\"\nverify = false\n"
     "targets = [\"10.0.0.1\"]",
     {"only a check of kind http has a proxy", "only a check of kind http has a ca_file",
      "only a check of kind http has a verify", "only a check of kind script has a script"}},
    {"a forced stop by a script that is not named",
     "isolation_action = \"shut_down\"",
     "[arbitration.forced_stop]\nkind = \"script\"",
     {"arbitration, forced_stop: there is no script to run."}},
    {"a forced stop through EC2 with a script",
     "isolation_action = \"shut_down\"",
     "[arbitration.forced_stop]\nkind = \"ec2\"\nscript = \"/x\"",
     {"arbitration, forced_stop: only a forced stop of kind script has a script."}},
    {"a script that starts nodes again",
     "isolation_action = \"shut_down\"",
     "[arbitration.forced_stop]\nkind = \"script\"\nscript = \"/x\"\naction = \"reboot\"",
     {"arbitration, forced_stop: only a forced stop of kind ec2 starts a node again."}},
    {"an action at isolation that nothing causes",
     "[[arbitration.reachability]]\nname = \"gateway\"\ntargets = [\"10.0.0.1\"]\n",
     "",
     {"arbitration: nothing in the configuration can tell a node that it is cut off."}},
    {"an action at isolation, where the others act",
     "[[arbitration.reachability]]",
     "[arbitration.forced_stop]\nkind = \"ec2\"\n[[arbitration.reachability]]",
     {"arbitration: with a forced stop, and neither arbiter nor majority, a node that is cut off "
      "is stopped by the others"}},
    {"a recovery target that does not exist",
     "target = \"local\"",
     "target = \"failover2\"",
     {"monitor pinger1: there is no resource or group \"failover2\". Did you mean "
      "\"failover1\"?"}},
    {"restarts of a node",
     "final_action = \"shut_down\"",
     "restart_max = 2",
     {"monitor pinger1: the node itself can be neither restarted nor moved."}},
    {"a group to stop where there is none",
     "final_action = \"shut_down\"",
     "final_action = \"stop_group\"",
     {"cluster.toml:47:16: monitor pinger1: the target is the node, not a group."}},
    {"active with nothing",
     "type = \"pinger\"",
     "type = \"pinger\"\ntiming = \"active\"",
     {"monitor pinger1: \"active_with\" is missing."}},
    {"always with something",
     "type = \"pinger\"",
     "type = \"pinger\"\nactive_with = \"web\"",
     {"monitor pinger1: \"active_with\" has no meaning with timing = \"always\"."}},
    {"a check of a resource of another type",
     "type = \"pinger\"\naddresses = [\"10.0.0.1\"]",
     "type = \"addrw\"\nchecks = \"web\"",
     {"monitor pinger1: there is no resource \"web\" of type addr. Possible here: \"addr1\"."}},
    {"a shutdown that takes no time",
     "[timing]",
     "[shutdown]\ntimeout = 0\n[timing]",
     {"shutdown: \"timeout\": 0s is out of range."}},
    {"an unknown fate of groups",
     "[timing]",
     "[shutdown]\ngroups = \"leave\"\n[timing]",
     {"shutdown: \"groups\": \"leave\" is not possible here."}},
    {"a date", "name = \"cluster1\"", "name = 2026-01-01", {"dates and times have no use here"}},
    {"a port beyond",
     "[timing]",
     "[ports]\ncontrol = 65536\n[timing]",
     {"ports: \"control\": 65536 is out of range. Choose 1 to 65535."}},
    {"a control character",
     "start = \"/opt/web\"",
     "start = \"/opt\\tweb\"",
     {"\"start\": this text holds a control character."}},
    {"an empty list that must not be",
     "start = \"/opt/web\"",
     "start = []",
     {"\"start\": this list is empty."}},
};

TEST_CASE("every mistake is told with its place, the fact and the remedy") {
  for (const Row& row : mistakes) {
    CAPTURE(row.name);
    const auto found = problems_of(edited(row.from, row.to));
    std::string all;
    for (const auto& text : found) all += text + "\n";
    CAPTURE(all);
    CHECK_FALSE(found.empty());
    for (const std::string& expected : row.problems) {
      CAPTURE(expected);
      CHECK(all.find(expected) != std::string::npos);
    }
    // No mistake drags others behind it that say nothing new.
    CHECK(found.size() <= row.problems.size() + 1);
    for (const auto& text : found) CHECK(text.ends_with('.') == !text.ends_with('?'));
  }
}

TEST_CASE("all mistakes are told at once, in the order of the document") {
  std::string text = edited("ip = \"10.1.0.20\"", "ip = \"x\"");
  text = edited("heartbeat_interval = \"200ms\"", "heartbeat_interval = true", text);
  text = edited("name = \"cluster1\"", "nam = \"cluster1\"", text);
  const auto config = parse_config(text, testing::small_catalog());
  REQUIRE_FALSE(config.has_value());
  std::vector<int> lines;
  for (const Problem& problem : config.error()) lines.push_back(problem.position.line);
  CHECK(lines == std::vector{1, 1, 13, 28});
}

TEST_CASE("problems have a maximum") {
  std::string text(small_document);
  for (int i = 0; i < 300; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
  CHECK(problems_of(text).size() == problems_max);
}

TEST_CASE("a document has a maximum size") {
  const std::string text = "# " + std::string(document_size_max, 'x');
  const auto found = problems_of(text);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("cluster.toml: the document has 1048578 bytes, more than 1048576."));
}

TEST_CASE("too many of anything are refused") {
  struct Limit {
    std::string part;
    std::size_t max;
    std::string (*one)(std::size_t index);
  };
  const std::vector<Limit> limits = {
      {"groups", groups_max,
       [](std::size_t i) { return "[[group]]\nname = \"g" + std::to_string(i) + "\"\n"; }},
      {"resources", resources_max,
       [](std::size_t i) {
         return "[[resource]]\nname = \"r" + std::to_string(i) +
                "\"\ntype = \"prog\"\ngroup = \"failover1\"\nstart = \"/a\"\n";
       }},
      {"monitors", monitors_max,
       [](std::size_t i) {
         return "[[monitor]]\nname = \"m" + std::to_string(i) +
                "\"\ntype = \"pinger\"\naddresses = \"10.0.0.1\"\n";
       }},
  };
  for (const Limit& limit : limits) {
    CAPTURE(limit.part);
    std::string text = edited("type = \"prog\"", "type = \"prog\"\ngroup = \"failover1\"");
    // The document has one or two of each already.
    const std::size_t own = limit.part == "groups" ? 1 : 2;
    for (std::size_t i = 0; i + own < limit.max; ++i) text += limit.one(i);
    CHECK(problems_of(text).empty());
    text += limit.one(limit.max);
    const auto found = problems_of(text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(", more than " + std::to_string(limit.max)) != std::string::npos);
  }
}

}  // namespace
}  // namespace mainstay
