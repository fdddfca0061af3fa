// The command against a fake daemon over a real Unix socket: what it prints and how it exits.
#include "cli/cli.h"
#include "config/help.h"

#include <doctest/doctest.h>

#include <sstream>
#include <thread>

#include "api/fake_control.h"
#include "api/json.h"
#include "api/server.h"
#include "api/test_directory.h"

using namespace mainstay;
using namespace mainstay::cli;
using api::FakeControl;

namespace {

struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

struct Bell {
  std::string tone = "low";
  int volume = 3;
};

Catalog small_catalog() {
  TypeSchema bell;
  bell.type = "bell";
  bell.title = "Bell";
  bell.summary = "Rings on the node that runs the group.";
  bell.fields = {
      field(&Bell::tone, "tone").label("Tone").help("What it sounds like.").required(),
      field(&Bell::volume, "volume").label("Volume").range(1, 11),
  };
  bell.iam_actions = {"bell:Ring"};
  bell.problems = {{7, "the bell is silent", "Somebody took the clapper.", "Put it back."}};
  bell.check = CheckSchema{.type = "bellw", .title = "Bell monitor", .summary = "Listens."};
  return {.resources = {bell}, .monitors = {}};
}

struct Fixture {
  api::TestDirectory directory;
  std::string socket = directory / "d.sock";
  FakeControl control;
  std::unique_ptr<api::Server> server;
  Status service_outcome;
  bool colours = false;
  Catalog catalog = small_catalog();
  std::vector<SimulationOrder> simulated;
  Result<ArbiterReport> arbiter = failure(Code::unavailable, "DynamoDB has no table mainstay");
  Result<ArbiterCreation> creation = failure(Code::denied, "dynamodb:CreateTable is missing");

  std::vector<doctor::Report> reports;  // one for each look; the last one stays
  std::vector<doctor::Repair> repaired;
  Status repair_outcome;
  doctor::DiscoveryOrder discovered;
  Result<std::string> proposal = std::string("name = \"c\"\n");
  std::vector<std::string> mirrors_created;

  Result<doctor::Report> next_report(const NodeName& node) {
    if (reports.empty()) return failure(Code::invalid, "there is no node " + node.value);
    const doctor::Report report = reports.front();
    if (reports.size() > 1) reports.erase(reports.begin());
    return report;
  }
  void serve() {
    auto started = api::Server::start(control, socket);
    REQUIRE(started);
    server = std::move(*started);
  }
  Ran run(std::vector<std::string> words) {
    std::ostringstream out, err;
    Environment environment{
        .out = out,
        .err = err,
        .style = {.colours = colours},
        .catalog = catalog,
        .safety_sentences =
            [](const ClusterConfig&) {
              return std::vector<std::string>{"It is as safe as can be."};
            },
        .cost_sentences =
            [](const ClusterConfig&) { return std::vector<std::string>{"It costs a penny."}; },
        .generate_key = [] { return std::string("a-key\n"); },
        .start_service = [this] { return service_outcome; },
        .simulate =
            [this](const SimulationOrder& order, std::ostream&) {
              simulated.push_back(order);
              return ExitCode::refused;
            },
        .create_arbiter =
            [this](const ClusterConfig&, Duration, const auto& say) {
              say("creating table mainstay");
              return creation;
            },
        .show_arbiter = [this](const ClusterConfig&, Duration) { return arbiter; },
        .examine = [this](const ClusterConfig&, const NodeName& node,
                          Duration) { return next_report(node); },
        .repair =
            [this](const ClusterConfig&, const doctor::Repair& repair, Duration) {
              repaired.push_back(repair);
              return repair_outcome;
            },
        .discover =
            [this](const doctor::DiscoveryOrder& order, Duration) {
              discovered = order;
              return proposal;
            },
        .create_mirror =
            [this](const ClusterConfig&, const MirrorCreation& made) {
              mirrors_created.push_back(fmt::format("{} as {}", made.mirror, made.as));
              return Status{};
            },
        .version = "0.1.0"};
    words.insert(words.begin(), {"--socket", socket});
    const ExitCode code = cli::run(words, environment);
    return {code, out.str(), err.str()};
  }
};

struct Serving : Fixture {
  Serving() { serve(); }
};

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

constexpr const char* healthy_status =
    R"(Cluster shop, as a sees it at 2026-11-23T06:15:01.250Z

  Nothing needs attention.

  NODE  TRUST  PHASE   PATHS              NOTE
  a     alive  member  -                  this node, coordinator
  b     alive  member  lan ok, backup ok

  GROUP  PHASE    NODE  TERM  NOTE
  web    running  a     7

  RESOURCE  GROUP  TYPE    STATE   NOTE
  server    web    script  active
  vip       web    awsvip  active

  MONITOR    TYPE     HEALTH   NOTE
  vip-watch  awsvipw  healthy

Permission to run groups: held (session at the arbiter, for another 1.5 s unless renewed)
Reachability check: reachable

  REACHABILITY  ANSWER     FOR    NOTE
  gateway       reachable  3 min

  FORCED STOP OF  STATE   FOR   NOTE
  b               normal  45 s
)";

constexpr const char* ailing_status =
    R"(Cluster shop, as a sees it at 2026-11-23T06:15:01.250Z

ATTENTION
  error    b: is dead: silent for 1.5 s
  error    web: is not running: a clearance of b
  error    vip: has failed: the route table rtb-1 does not exist
  warning  b: a forced stop of it would fail: ec2:StopInstances is missing

  NODE  TRUST  PHASE   PATHS                              NOTE
  a     alive  member  -                                  this node, coordinator
  b     dead   -       lan silent 2 s, backup silent 2 s

  GROUP  PHASE    NODE  TERM  NOTE
  web    stopped  -     7     waits: a clearance of b

  RESOURCE  GROUP  TYPE    STATE   NOTE
  server    web    script  active
  vip       web    awsvip  failed  the route table rtb-1 does not exist

  MONITOR    TYPE     HEALTH  NOTE
  vip-watch  awsvipw  -       does not run here now

Permission to run groups: held (none needed)
Reachability check: reachable

  REACHABILITY  ANSWER       FOR    NOTE
  gateway       unreachable  3 min  10.0.0.1: no reply

  FORCED STOP OF  STATE  FOR   NOTE
  b               error  45 s  ec2:StopInstances is missing
)";

}  // namespace

TEST_CASE("status: a healthy cluster") {
  Serving f;
  const Ran ran = f.run({"status"});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == healthy_status);
  CHECK(ran.err.empty());
}

TEST_CASE("status: what needs attention comes first") {
  Serving f;
  auto& cluster = f.control.report.cluster;
  auto& b = cluster.nodes[1];
  b.trust = Trust::dead;
  b.why = "silent for 1.5 s";
  cluster.reachability_checks[0].verdict = Reachability::unreachable;
  cluster.reachability_checks[0].why = "10.0.0.1: no reply";
  cluster.forced_stops[0].verdict = Verdict::unhealthy;
  cluster.forced_stops[0].why = "ec2:StopInstances is missing";
  for (auto& path : b.paths) path.heard = false, path.silence = 2s;
  auto& web = cluster.groups[0];
  web.phase = GroupPhase::stopped;
  web.owner = web.wanted = NodeName();
  web.waits_for = "a clearance of b";
  web.resources[1].state = "failed";
  web.resources[1].why = "the route table rtb-1 does not exist";
  cluster.monitors[0].scheduled = false;
  cluster.permission = {.basis = "none needed", .left = std::nullopt, .held = true};
  CHECK(f.run({"status"}).out == ailing_status);
}

TEST_CASE("status: colours only where they are wanted") {
  Serving f;
  f.colours = true;
  CHECK(has(f.run({"status"}).out, "\033[32mrunning\033[0m"));
  f.colours = false;
  CHECK_FALSE(has(f.run({"status"}).out, "\033"));
}

TEST_CASE("status --json is the daemon's own document") {
  Serving f;
  const Ran ran = f.run({"status", "--json"});
  CHECK(ran.out == api::to_json(f.control.report) + "\n");
}

TEST_CASE("a command without a daemon says how to start one") {
  Fixture f;
  const Ran ran = f.run({"status"});
  CHECK(ran.code == ExitCode::unreachable);
  CHECK(ran.out.empty());
  CHECK(has(ran.err, "mainstayd is not running: there is no socket at "));
  CHECK(has(ran.err, "Start it with 'mainstay node start'"));
  const Ran json = f.run({"--json", "status"});
  CHECK(api::error_from_json(json.out).code == Code::not_found);
}

TEST_CASE("a wrong command line is told apart from a refusal") {
  Fixture f;
  CHECK(f.run({}).code == ExitCode::usage);
  CHECK(f.run({"dance"}).code == ExitCode::usage);
  CHECK(f.run({"group", "move"}).code == ExitCode::usage);
  CHECK(f.run({"events", "--limit", "0"}).code == ExitCode::usage);
  const Ran help = f.run({"--help"});
  CHECK(help.code == ExitCode::done);
  CHECK(has(help.out, "Exit codes:"));
  f.socket = std::string(200, 'x');
  CHECK(f.run({"status"}).code == ExitCode::usage);
}

TEST_CASE("group: the order is given, and what became of the group is said") {
  Serving f;
  const Ran moved = f.run({"group", "move", "web", "b"});
  CHECK(moved.code == ExitCode::done);
  CHECK(moved.out == "web is running on a (term 7)\n");
  CHECK(std::get<MoveGroup>(f.control.commands.at(0)).to == NodeName("b"));
  CHECK(f.control.waits.at(0) == 600s);
  CHECK(f.run({"--timeout", "1.5", "group", "stop", "web", "--json"}).out ==
        "{\"outcome\":\"done\"}\n");
  CHECK(f.control.waits.at(1) == 1500ms);
}

TEST_CASE("the exit code tells refused from unknown") {
  Serving f;
  f.control.outcome = failure(Code::conflict, "web cannot be moved to b: b is dead");
  const Ran refused = f.run({"group", "move", "web", "b"});
  CHECK(refused.code == ExitCode::refused);
  CHECK(refused.err == "mainstay: web cannot be moved to b: b is dead\n");
  f.control.outcome = failure(Code::outcome_unknown, "no answer");
  CHECK(f.run({"group", "stop", "web"}).code == ExitCode::unknown);
}

TEST_CASE("node stop goes to the node that is named, or asked") {
  Serving f;
  FakeControl b;
  b.report.cluster.self = NodeName("b");
  f.control.other = &b;
  CHECK(f.run({"node", "stop"}).out == "a has stopped its cluster service\n");
  CHECK(f.control.commands.size() == 1);
  CHECK(f.run({"node", "stop", "b"}).out == "b has stopped its cluster service\n");
  CHECK(f.run({"-h", "b", "node", "stop"}).out == "b has stopped its cluster service\n");
  CHECK(b.commands.size() == 2);
  CHECK(f.control.commands.size() == 1);
}

TEST_CASE("node start uses the service manager, on this node only") {
  Fixture f;
  CHECK(f.run({"node", "start", "--without-doctor"}).code == ExitCode::done);
  f.service_outcome = failure(Code::not_found, "systemd does not run here");
  CHECK(f.run({"node", "start", "--without-doctor"}).err ==
        "mainstay: systemd does not run here\n");
  const Ran other = f.run({"node", "start", "b"});
  CHECK(other.code == ExitCode::refused);
  CHECK(has(other.err, "run 'mainstay node start' on b"));
}

TEST_CASE("another node that does not answer is not a refusal") {
  Serving f;
  CHECK(f.run({"-h", "b", "status"}).code == ExitCode::unreachable);
  const Ran unknown = f.run({"-h", "z", "status"});
  CHECK(unknown.code == ExitCode::refused);
  CHECK(unknown.err == "mainstay: there is no node 'z'\n");
}

TEST_CASE("events are printed one per line") {
  Serving f;
  CHECK(f.run({"events"}).out ==
        "2026-11-23T06:15:01.251Z      1 a    information b: alive → suspect\n"
        "2026-11-23T06:15:01.252Z      2 a    warning     b: dead\n");
  CHECK(f.run({"events", "--since", "1", "--json"}).out ==
        "{\"events\":[" + api::to_json(f.control.history[1]) + "],\"next\":2}\n");
  CHECK(f.run({"events", "--since", "2026-11-23T06:15:01.252Z"}).out ==
        "2026-11-23T06:15:01.252Z      2 a    warning     b: dead\n");
  CHECK(f.run({"events", "--since", "2026-11-23T06:15:02Z", "--json"}).out ==
        "{\"events\":[],\"next\":2}\n");
  CHECK(f.run({"events", "--since", "yesterday"}).code == ExitCode::usage);
}

TEST_CASE("events --follow since a time prints what was, then what comes") {
  Serving f;
  std::jthread daemon([&f] {
    f.control.wait_for_event_questions(2);
    f.control.add(api::fake_event(3, "third"));
    f.control.wait_for_event_questions(3);
    f.server.reset();
  });
  const Ran ran = f.run({"events", "--follow", "--since", "2026-11-23T06:15:01.252Z"});
  CHECK(ran.code == ExitCode::unreachable);
  CHECK(ran.out ==
        "2026-11-23T06:15:01.252Z      2 a    warning     b: dead\n"
        "2026-11-23T06:15:01.253Z      3 a    information b: third\n");
}

TEST_CASE("events --follow prints what comes until the daemon ends") {
  Serving f;
  std::jthread daemon([&f] {
    f.control.wait_for_event_questions(2);
    f.control.add(api::fake_event(3, "third"));
    f.control.wait_for_event_questions(3);
    f.server.reset();
  });
  const Ran ran = f.run({"events", "--follow", "--since", "1"});
  CHECK(ran.code == ExitCode::unreachable);
  CHECK(ran.out ==
        "2026-11-23T06:15:01.252Z      2 a    warning     b: dead\n"
        "2026-11-23T06:15:01.253Z      3 a    information b: third\n");
  CHECK(ran.err == "mainstay: mainstayd ended the event stream\n");
}

TEST_CASE("why names the evidence and how strong it is") {
  Serving f;
  const Ran ran = f.run({"why", "web"});
  CHECK(ran.out ==
        "web: term 7 on a at 2026-11-23T06:15:01.250Z\n"
        "    because its owner is dead\n"
        "    b cleared by presumed (WEAK: not proof that it was stopped): it is silent on 2 of 2 "
        "paths\n"
        "b did not answer; what it started is not listed here\n");
  CHECK(f.run({"why", "wep"}).err == "mainstay: there is no group 'wep'\n");
}

TEST_CASE("version and keygen need no daemon") {
  Fixture f;
  CHECK(f.run({"version"}).out == "mainstay 0.1.0\nmainstayd: not reached\n");
  CHECK(f.run({"version", "--json"}).out == "{\"command\":\"0.1.0\",\"daemon\":null}\n");
  CHECK(f.run({"keygen"}).out == "a-key\n");
  f.serve();
  CHECK(f.run({"version"}).out == "mainstay 0.1.0\nmainstayd 0.1.0 on a\n");
}

TEST_CASE("check: everything that is wrong, each with its place; exit code and JSON") {
  Fixture f;
  f.directory.write("bad.toml", "# shop\nname = 5\n");
  const std::string file = f.directory / "bad.toml";
  const Ran ran = f.run({"check", file});
  CHECK(ran.code == ExitCode::refused);
  CHECK(ran.out.empty());
  CHECK(has(ran.err, (file + ":2:").c_str()));
  CHECK(has(ran.err, " problem"));
  const Ran json = f.run({"check", "--json", file});
  CHECK(json.code == ExitCode::refused);
  CHECK(has(json.out, "\"valid\":false"));
  CHECK(has(json.out, "\"line\":2"));
  const Ran missing = f.run({"check", f.directory / "none.toml"});
  CHECK(missing.code == ExitCode::refused);
  CHECK(has(missing.err, "none.toml: No such file or directory"));
  CHECK(has(f.run({"check", f.directory / ""}).err, "Is a directory"));
}

TEST_CASE("simulate does not begin with a configuration that is not valid") {
  Fixture f;
  f.directory.write("bad.toml", "# shop\nname = 5\n");
  CHECK(f.run({"simulate", "--config", f.directory / "bad.toml"}).code == ExitCode::refused);
  CHECK(f.simulated.empty());
}

TEST_CASE("help: the types, and one type's fields, actions and problems") {
  Fixture f;
  CHECK(has(f.run({"help"}).out, "bellw    Bell monitor  comes with bell\n"));
  const Ran ran = f.run({"help", "bell"});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == help_for(f.catalog, "bell"));
  CHECK(has(ran.out, "Somebody took the clapper."));
  CHECK(f.run({"help", "bellw"}).out == help_for(f.catalog, "bellw"));
  CHECK(f.run({"help", "cluster"}).out == cluster_help_text());
  const Ran unknown = f.run({"help", "gong"});
  CHECK(unknown.code == ExitCode::refused);
  CHECK(unknown.err == "mainstay: there is no type 'gong'; 'mainstay help' lists them\n");
}

TEST_CASE("columns are as wide as what is seen of them") {
  Table table({"A", "B"});
  table.add({"→→→", "x"});
  table.add({"long one", ""});
  CHECK(table.text({}) == "  A         B\n  →→→       x\n  long one\n");
}

namespace {

// A fixture with a configuration that is valid.
struct Configured : Fixture {
  std::string file = directory / "cluster.toml";
  std::string text =
      "name = \"shop\"\nkey_file = \"/k\"\n[[node]]\nname = \"a\"\n[[node]]\n"
      "name = \"b\"\n[[path]]\nname = \"lan\"\n"
      "address = { a = \"10.0.0.1\", b = \"10.0.0.2\" }\n";
  Configured() { add(""); }
  void add(const std::string& more) {
    text += more;
    directory.write("cluster.toml", text);
  }
};

ArbiterReport two_sessions() {
  ArbiterReport report{.name = "DynamoDB table mainstay", .state = "ACTIVE", .ready = true};
  report.facts = {{"ARN", "arn:t"}};
  report.sessions = {{"a", "active", 17, 2400ms, ""}, {"b", "revoked", 9, 2400ms, "a"}};
  report.groups = {{"web", "a", 7}, {"db", "", 3}};
  report.oddities = {{"node/c", "the session record is damaged"}};
  return report;
}

constexpr const char* shown_arbiter = R"(DynamoDB table mainstay: ACTIVE
  ARN: arn:t

  NODE  SESSION  INCARNATION  LEASE  NOTE
  a     active   17           2.4 s
  b     revoked  9            2.4 s  revoked by a

  GROUP  OWNER  TERM
  web    a      7
  db     -      3

node/c: the session record is damaged
)";

}  // namespace

TEST_CASE("arbiter show: what the store is, and what it holds") {
  Configured f;
  f.arbiter = two_sessions();
  const Ran ran = f.run({"arbiter", "show", "--config", f.file});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == shown_arbiter);
  const Ran json = f.run({"arbiter", "show", "--json", "--config", f.file});
  CHECK(has(json.out, R"("facts":{"ARN":"arn:t"},"sessions":[{"node":"a","standing":"active",)"
                      R"("incarnation":17,"lease_ms":2400,"revoked_by":""})"));
  CHECK(has(json.out, R"("groups":[{"group":"web","owner":"a","term":7})"));
  CHECK(has(json.out, R"("unreadable":[{"key":"node/c")"));
  f.arbiter->sessions.clear();
  CHECK(has(f.run({"arbiter", "show", "--config", f.file}).out, "No node has taken a session yet"));
}

TEST_CASE("arbiter create: progress on the error stream, the policies on the other") {
  Configured f;
  f.creation = ArbiterCreation{.name = "DynamoDB table mainstay",
                               .facts = {{"ARN", "arn:t"}},
                               .node_policy = "{\"Version\": 1}\n",
                               .administrator_policy = "{\"Version\": 2}\n"};
  const Ran ran = f.run({"arbiter", "create", "--config", f.file});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.err == "creating table mainstay\n");
  CHECK(ran.out ==
        "DynamoDB table mainstay is ready.\n  ARN: arn:t\n\nThe role of the nodes needs this "
        "policy:\n\n{\"Version\": 1}\n\nWhoever runs 'mainstay arbiter' needs this "
        "one:\n\n{\"Version\": 2}\n");
  CHECK(f.run({"arbiter", "create", "--json", "--config", f.file}).out ==
        R"({"name":"DynamoDB table mainstay","facts":{"ARN":"arn:t"},)"
        R"("node_policy":{"Version":1},"administrator_policy":{"Version":2}})"
        "\n");
}

TEST_CASE("arbiter: what cannot be had is said, and a file that is not valid asks nobody") {
  Configured f;
  const Ran show = f.run({"arbiter", "show", "--config", f.file});
  CHECK(show.code == ExitCode::refused);
  CHECK(show.err == "mainstay: DynamoDB has no table mainstay\n");
  CHECK(f.run({"arbiter", "create", "--config", f.file}).code == ExitCode::refused);
  CHECK(f.run({"arbiter", "create"}).code == ExitCode::usage);
  CHECK(f.run({"arbiter"}).code == ExitCode::usage);
  f.directory.write("cluster.toml", "name = 5\n");
  const Ran wrong = f.run({"arbiter", "create", "--config", f.file});
  CHECK(wrong.code == ExitCode::refused);
  CHECK_FALSE(has(wrong.err, "creating table"));
}

TEST_CASE("check: a valid file is said to be, how safe it is, and what it costs") {
  Configured f;
  const Ran ran = f.run({"check", f.file});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == f.file +
                       " is valid: cluster shop with 2 nodes, 0 groups and 0 monitors.\nIt is as "
                       "safe as can be.\nIt costs a penny.\n");
  CHECK(has(f.run({"check", "--json", f.file}).out, R"("cost":["It costs a penny."])"));
}

TEST_CASE("iam-policy and api-budget: from the types and the arbitration of a file") {
  Configured f;
  const Ran none = f.run({"api-budget", f.file});
  CHECK(none.code == ExitCode::done);
  CHECK(none.out == "This configuration asks AWS nothing.\n");
  f.add(
      "[arbitration]\narbiter = \"dynamodb\"\nisolation_action = \"reset\"\n"
      "[arbitration.forced_stop]\nkind = \"ec2\"\n");
  const Ran policy =
      f.run({"iam-policy", f.file, "--json", "--region", "cn-north-1", "--account", "7"});
  CHECK(policy.code == ExitCode::done);
  CHECK(policy.out ==
        R"({"Version":"2012-10-17","Statement":[)"
        R"({"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],)"
        R"("Resource":"arn:aws-cn:dynamodb:cn-north-1:7:table/mainstay",)"
        R"("Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["shop"]}}},)"
        R"({"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"},)"
        R"({"Effect":"Allow","Action":"ec2:StopInstances",)"
        R"("Resource":"arn:aws-cn:ec2:cn-north-1:7:instance/*"}]})"
        "\n");
  const Ran budget = f.run({"api-budget", f.file});
  CHECK(has(budget.out,
            "  ACTION                 A MINUTE AT REST  AT A FAILOVER\n"
            "  ec2:DescribeInstances  2.0               2\n"
            "  ec2:StopInstances      2.0               1\n"
            "  all                    4.0               3\n"));
  CHECK(f.run({"api-budget", f.file, "--json"}).out ==
        R"({"actions":{"ec2:DescribeInstances":{"per_minute":2.0,"at_failover":2},)"
        R"("ec2:StopInstances":{"per_minute":2.0,"at_failover":1}}})"
        "\n");
  CHECK(f.run({"iam-policy", f.file, "--account", "mine"}).code == ExitCode::usage);
  CHECK(f.run({"iam-policy", f.directory / "none.toml"}).code == ExitCode::refused);
}

namespace {

doctor::Finding check_enabled() {
  return {.check = "source-dest-check",
          .grade = doctor::Grade::error,
          .fact = "Source/Dest. Check of eni-a is enabled",
          .why = "Packets are dropped.",
          .remedy = "aws ec2 modify",
          .repair = doctor::Repair{doctor::RepairKind::disable_source_dest_check, "eni-a", "", ""}};
}

const doctor::Finding clock_agrees{.check = "clock",
                                   .grade = doctor::Grade::good,
                                   .fact = "this node's clock agrees with AWS's",
                                   .why = "",
                                   .remedy = "",
                                   .repair = {}};

}  // namespace

TEST_CASE("node start says what the doctor finds, and starts all the same") {
  Configured f;
  f.reports = {{NodeName("a"), {check_enabled(), clock_agrees}}};
  const Ran ran = f.run({"node", "start", "--config", f.file});
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == "the cluster service is started\n");
  CHECK(ran.err ==
        "  error    source-dest-check  Source/Dest. Check of eni-a is enabled\n"
        "                              At a failover: Packets are dropped.\n"
        "                              Remedy: aws ec2 modify\n");
  f.directory.write("cluster.toml", "name = 5\n");
  const Ran refused = f.run({"node", "start", "--config", f.file});
  CHECK(refused.code == ExitCode::refused);
  CHECK(refused.out.empty());
}

TEST_CASE("doctor: findings with why and remedy, what --fix would do, and an exit code") {
  Configured f;
  f.reports = {{NodeName("a"), {check_enabled(), clock_agrees}}};
  const Ran ran = f.run({"doctor", f.file});
  CHECK(ran.code == ExitCode::refused);
  CHECK(ran.out ==
        "Node a: 1 error(s), 0 warning(s), 0 unknown, 1 good\n\n"
        "  error    source-dest-check  Source/Dest. Check of eni-a is enabled\n"
        "                              At a failover: Packets are dropped.\n"
        "                              Remedy: aws ec2 modify\n"
        "  good     clock              this node's clock agrees with AWS's\n"
        "\nmainstay doctor --fix would:\n  disable Source/Dest. Check of eni-a\n");
  CHECK(f.repaired.empty());
  CHECK(has(f.run({"doctor", f.file, "--json"}).out,
            R"({"node":"a","findings":[{"check":"source-dest-check","grade":"error",)"
            R"("fact":"Source/Dest. Check of eni-a is enabled","why":"Packets are dropped.",)"
            R"("remedy":"aws ec2 modify","fix":"disable Source/Dest. Check of eni-a"},)"));
}

TEST_CASE("doctor --fix: shows, mends each thing once, and looks again") {
  Configured f;
  f.reports = {{NodeName("a"), {check_enabled(), check_enabled()}},
               {NodeName("a"), {clock_agrees}}};
  const Ran ran = f.run({"doctor", "--fix", f.file});
  CHECK(ran.code == ExitCode::done);
  CHECK(f.repaired.size() == 1);
  CHECK(ran.err == "mainstay: disable Source/Dest. Check of eni-a ... done\n");
  CHECK(ran.out.find("2 error(s)") < ran.out.find("0 error(s)"));
  f.reports = {{NodeName("a"), {check_enabled()}}};
  f.repair_outcome = failure(Code::denied, "no permission");
  const Ran denied = f.run({"doctor", "--fix", f.file});
  CHECK(denied.code == ExitCode::refused);
  CHECK(has(denied.err, "... no permission\n"));
}

TEST_CASE("check --doctor: the file first, then the node, and one exit code") {
  Configured f;
  f.reports = {{NodeName("a"), {clock_agrees}}};
  const Ran fine = f.run({"check", "--doctor", f.file});
  CHECK(fine.code == ExitCode::done);
  CHECK(has(fine.out, " is valid: cluster"));
  CHECK(has(fine.out, "\n\nNode a: 0 error(s), 0 warning(s), 0 unknown, 1 good\n"));
  f.reports = {{NodeName("a"), {check_enabled()}}};
  const Ran ill = f.run({"check", "--doctor", "--json", f.file});
  CHECK(ill.code == ExitCode::refused);
  CHECK(has(ill.out, R"("valid":true)"));
  CHECK(has(ill.out, R"("doctor":{"findings":[{"check":"source-dest-check")"));
  CHECK(f.run({"check", f.file}).code == ExitCode::done);
}

TEST_CASE("doctor: a node that is none is refused; discover prints what is proposed") {
  Configured f;
  CHECK(f.run({"doctor", f.file, "--node", "x"}).err == "mainstay: there is no node x\n");
  CHECK(f.run({"discover", "i-1", "i-2", "--vip", "10.1.0.20"}).out == "name = \"c\"\n");
  CHECK(f.discovered.instances == std::vector<std::string>{"i-1", "i-2"});
  CHECK(f.discovered.vip == "10.1.0.20");
  CHECK(f.run({"discover"}).code == ExitCode::usage);
  f.proposal = failure(Code::conflict, "two VPCs");
  CHECK(f.run({"discover", "i-1", "i-2"}).code == ExitCode::refused);
}

TEST_CASE("an isolated node is let in by its name, or where the command is asked to go") {
  Serving f;
  CHECK(f.run({"node", "recover"}).out == "a is let in, and its losses are forgotten\n");
  REQUIRE(f.control.commands.size() == 1);
  CHECK(std::holds_alternative<RecoverNode>(f.control.commands[0]));
  CHECK(f.run({"node", "recover", "b"}).code == ExitCode::refused);  // It is not heard.
}

TEST_CASE("the shutdown policy is shown, set for one node, and given back") {
  Serving f;
  CHECK(f.run({"shutdown-policy"}).out ==
        "When the operating system of a shuts down, its groups move to other nodes, within 60 s "
        "(as configured).\n");
  CHECK(f.control.commands.empty());
  f.control.report.cluster.shutdown = {{ShutdownGroups::stop, 20s}, true};
  const Ran shown = f.run({"shutdown-policy", "set", "--groups", "stop", "--within", "20s"});
  CHECK(has(shown.out, "its groups stop until it is back, within 20 s (set on this node;"));
  REQUIRE(f.control.commands.size() == 1);
  const auto given = std::get<SetShutdownPolicy>(f.control.commands[0]);
  CHECK(given.policy == ShutdownConfig{ShutdownGroups::stop, 20s});
  CHECK(f.run({"shutdown-policy", "reset"}).code == ExitCode::done);
  CHECK_FALSE(std::get<SetShutdownPolicy>(f.control.commands[1]).policy);
  CHECK(f.run({"--json", "shutdown-policy"}).out ==
        "{\"groups\":\"stop\",\"own\":true,\"timeout_ms\":20000}\n");
  CHECK(f.run({"shutdown-policy", "set"}).code == ExitCode::usage);
  const Ran wrong = f.run({"shutdown-policy", "set", "--within", "soon"});
  CHECK(wrong.code == ExitCode::refused);
  CHECK(has(wrong.err, "is no duration"));
}

TEST_CASE("mirror status: both copies in words and colours, progress and latencies") {
  Serving f;
  CHECK(f.run({"mirror", "status"}).out == "Node a has no copy of a mirror disk.\n");
  f.control.report.daemon.mirrors = {api::fake_mirror()};
  const Ran ran = f.run({"mirror", "status", "md1"});
  CHECK(ran.code == ExitCode::done);
  for (const char* part :
       {"primary", "up to date (green)", "recovering (yellow)", "10.0.2.10:29051", "70 MiB",
        "md1: recovering 42 %, 100 MiB a second, 700 ms left",
        "md1: growing from 1 GiB to 2 GiB: 25 %", "flush", "130 µs", "900 µs"}) {
    CAPTURE(ran.out);
    CAPTURE(part);
    CHECK(has(ran.out, part));
  }
  CHECK(has(f.run({"mirror", "status", "md2"}).err, "md2 is no mirror disk"));
  CHECK(has(f.run({"--json", "mirror", "status"}).out, "\"recovered_percent\":42.0"));
}

TEST_CASE("mirror orders go to the engine; recovery is what a link brings by itself") {
  Serving f;
  CHECK(f.run({"mirror", "break", "md1"}).code == ExitCode::done);
  CHECK(f.run({"mirror", "recover", "md1"}).out == "md1: recover: done\n");
  CHECK(f.control.mirror_orders == std::vector<std::string>{"break md1", "connect md1"});
  CHECK(f.run({"mirror", "resize", "md1"}).out ==
        "md1: resize: begun; 'mainstay mirror status' shows how far it is\n");
  f.control.outcome = failure(Code::invalid, "this engine cannot verify");
  const Ran refused = f.run({"mirror", "verify", "md1"});
  CHECK(refused.code == ExitCode::refused);
  CHECK(has(refused.err, "this engine cannot verify"));
}

TEST_CASE("mirror verify: compares, and repairs only if that is asked for") {
  Serving f;
  CHECK(f.run({"mirror", "verify", "md1"}).code == ExitCode::done);
  CHECK(f.run({"mirror", "verify", "md1", "--repair"}).code == ExitCode::done);
  CHECK(f.control.mirror_orders == std::vector<std::string>{"verify md1", "repair md1"});
  f.control.report.daemon.mirrors = {api::fake_mirror()};
  CHECK(has(f.run({"mirror", "status", "md1"}).out,
            "md1: comparing 12 %, 1 MiB a second, 90 s left; so far 2 regions differ, 0 cannot be "
            "read"));
}

TEST_CASE("mirror force: says what it means, and is given only when it is meant") {
  Serving f;
  const Ran asked = f.run({"mirror", "force", "md1"});
  CHECK(asked.code == ExitCode::refused);
  CHECK(has(asked.err, "are lost for good"));
  CHECK(f.control.mirror_orders.empty());
  f.control.report.daemon.mirrors = {api::fake_mirror()};
  f.control.report.daemon.mirrors[0].status->connected = false;
  f.control.report.daemon.mirrors[0].status->peer_silent = 90s;
  CHECK(has(f.run({"mirror", "force", "md1"}).err,
            "The copy here is up to date and knows of no term after 7; the other copy (recovering) "
            "was last heard 90 s ago. They are known to differ in 73400320 bytes"));
  CHECK(f.run({"mirror", "force", "md1", "--yes"}).code == ExitCode::done);
  CHECK(f.control.mirror_orders == std::vector<std::string>{"force md1"});
}
