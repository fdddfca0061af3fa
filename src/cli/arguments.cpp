// The one unit that knows CLI11.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <sstream>

#include "cli/invocation.h"
#include "cli/since.h"

namespace mainstay::cli {
namespace {

constexpr const char* footer = R"(Exit codes:
  0  done
  1  refused or failed; for doctor: something is missing; for check: the file is not valid, or the doctor says so; for simulate: two owners were possible
  2  the command line is wrong
  3  no daemon answers, here or at the node named by -h
  4  no answer in time: an order may or may not have been carried out

The socket is also taken from MAINSTAY_SOCKET.)";

using Parsed = std::shared_ptr<Invocation>;

CLI::App* command(CLI::App& parent, const char* name, const char* help) {
  auto* sub = parent.add_subcommand(name, help);
  sub->fallthrough();
  return sub;
}

void add_globals(CLI::App& app, const Parsed& parsed) {
  app.add_option("--socket", parsed->socket, "The daemon's Unix socket")
      ->envname("MAINSTAY_SOCKET")
      ->capture_default_str();
  app.add_option("-h,--host", parsed->host, "Ask this node instead of the local one")
      ->type_name("NODE");
  app.add_flag("--json", parsed->json, "Print JSON (docs/api.md)");
  app.add_option("--timeout", parsed->timeout_s,
                 "Wait this long for the answer (questions: 10 s, orders: 600 s)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0));
}

void add_status(CLI::App& app, const Parsed& parsed) {
  command(app, "status", "Nodes, groups, monitors, and what needs attention")->callback([parsed] {
    parsed->verb = ShowStatus{};
  });
}

void add_group_order(CLI::App& group, const Parsed& parsed, const char* action, const char* help) {
  auto order = std::make_shared<OrderGroup>();
  order->action = action;
  auto* sub = command(group, action, help);
  sub->add_option("GROUP", order->group, "The failover group")->required();
  const bool takes_node = order->action == "start" || order->action == "move";
  if (takes_node) sub->add_option("NODE", order->node, "Where; without it: the best node");
  sub->callback([parsed, order] { parsed->verb = *order; });
}

void add_group(CLI::App& app, const Parsed& parsed) {
  auto* group = command(app, "group", "Start, stop, move or restart a failover group");
  group->require_subcommand(1);
  add_group_order(*group, parsed, "start", "Start the group");
  add_group_order(*group, parsed, "stop", "Stop the group, and keep it stopped");
  add_group_order(*group, parsed, "move", "Move the group to another node");
  add_group_order(*group, parsed, "restart", "Stop and start the group where it is");
}

CLI::App* add_node_order(CLI::App& node, const Parsed& parsed, const char* action, const char* help,
                         std::shared_ptr<OrderNode> order) {
  order->action = action;
  auto* sub = command(node, action, help);
  sub->callback([parsed, order] { parsed->verb = *order; });
  return sub;
}

void add_node(CLI::App& app, const Parsed& parsed) {
  auto* node = command(app, "node", "Stop or start a node's cluster service, or let the node in");
  node->require_subcommand(1);
  for (const auto& [action, help] : {
           std::pair{"stop", "Hand the groups over and stop the node's cluster service"},
           std::pair{"recover", "Let an isolated node in, and end its quarantine"},
           std::pair{"cancel-start-wait",
                     "Let a starting node go on without the nodes it waits for"},
       }) {
    auto order = std::make_shared<OrderNode>();
    add_node_order(*node, parsed, action, help, order)
        ->add_option("NODE", order->node, "Without it: the node that is asked");
  }
  auto start = std::make_shared<StartNode>();
  auto* sub = command(*node, "start", "Start the local cluster service, as the doctor looks on");
  sub->add_option("NODE", start->node, "This one, or none");
  sub->add_option("--config", start->file, "cluster.toml, which the doctor goes by")
      ->capture_default_str();
  sub->add_flag("--without-doctor", start->without_doctor,
                "Do not look at what a failover will need");
  sub->callback([parsed, start] { parsed->verb = *start; });
  auto order = std::make_shared<OrderNode>();
  auto* declare =
      add_node_order(*node, parsed, "declare-stopped",
                     "State, by your word, that a silent node runs nothing; kept on record", order);
  declare->add_option("NODE", order->node, "The node that is stopped for certain")->required();
  declare->add_option("--reason", order->reason, "How you know")->required();
}

void add_shutdown_policy(CLI::App& app, const Parsed& parsed) {
  auto* sub = command(app, "shutdown-policy",
                      "What becomes of a node's groups when its operating system shuts down");
  sub->require_subcommand(0, 1);
  sub->callback([parsed] {
    if (!std::holds_alternative<ShutdownPolicy>(parsed->verb)) parsed->verb = ShutdownPolicy{};
  });
  auto verb = std::make_shared<ShutdownPolicy>();
  verb->change = true;
  auto* set = command(*sub, "set", "Overrule the configuration, on this node and over restarts");
  set->add_option("--groups", verb->groups, "move (to other nodes) or stop (until it is back)");
  set->add_option("--within", verb->timeout, "How long that may take")->type_name("DURATION");
  set->require_option(1, 2);
  set->callback([parsed, verb] { parsed->verb = *verb; });
  command(*sub, "reset", "Return to the configuration")->callback([parsed] {
    parsed->verb = ShutdownPolicy{.change = true};
  });
}

void add_events(CLI::App& app, const Parsed& parsed) {
  auto verb = std::make_shared<ShowEvents>();
  auto* sub = command(app, "events", "What happened, as the asked node saw it");
  sub->add_flag("-f,--follow", verb->follow, "Print what comes until interrupted");
  sub->add_option("--since", verb->since,
                  "After the event of this number, or from this time on: 41, 10min, "
                  "2026-11-23T06:15:01Z")
      ->type_name("NUMBER|TIME")
      ->check([](const std::string& text) {
        const auto since = parse_since(text, WallTime{});
        return since ? "" : since.error().message;
      });
  sub->add_option("-n,--limit", verb->limit, "At most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub->callback([parsed, verb] { parsed->verb = *verb; });
}

void add_why(CLI::App& app, const Parsed& parsed) {
  auto verb = std::make_shared<ExplainGroup>();
  auto* sub = command(app, "why", "Why a group runs where it runs: its last activations");
  sub->add_option("GROUP", verb->group, "The failover group")->required();
  sub->add_option("-n,--limit", verb->limit, "How many activations")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub->callback([parsed, verb] { parsed->verb = *verb; });
}

void add_arbiter(CLI::App& app, const Parsed& parsed) {
  auto* arbiter = command(app, "arbiter", "Make the arbiter's store, or show what it holds");
  arbiter->require_subcommand(1);
  auto create = std::make_shared<CreateArbiter>();
  auto* sub = command(*arbiter, "create", "Make the table if there is none; print IAM policies");
  sub->add_option("--config", create->file, "cluster.toml")->required()->type_name("FILE");
  sub->callback([parsed, create] { parsed->verb = *create; });
  auto show = std::make_shared<ShowArbiter>();
  sub = command(*arbiter, "show", "The sessions and groups that the arbiter has on record");
  sub->add_option("--config", show->file, "cluster.toml")->type_name("FILE")->capture_default_str();
  sub->callback([parsed, show] { parsed->verb = *show; });
}

void add_doctor(CLI::App& app, const Parsed& parsed) {
  auto examine = std::make_shared<ExamineNode>();
  auto* sub = command(app, "doctor", "Whether this node has everything that a failover will need");
  sub->add_option("FILE", examine->file, "cluster.toml")->capture_default_str();
  sub->add_option("--node", examine->node, "Which node this is; without it: the host's name");
  sub->add_flag("--fix", examine->fix,
                "Disable Source/Dest. Check and add missing routes, after showing them");
  sub->callback([parsed, examine] { parsed->verb = *examine; });

  auto discover = std::make_shared<DiscoverCluster>();
  sub = command(app, "discover", "Propose a cluster.toml for some instances of a VPC");
  sub->add_option("INSTANCE", discover->instances, "Ids, in the order of priority")
      ->required()
      ->expected(1, 32);
  sub->add_option("--name", discover->name, "The cluster's name")->capture_default_str();
  sub->add_option("--vip", discover->vip, "The virtual IP address")->type_name("IP");
  sub->callback([parsed, discover] { parsed->verb = *discover; });
}

void add_mirror_create(CLI::App& mirror, const Parsed& parsed) {
  auto verb = std::make_shared<CreateMirror>();
  auto* create = command(mirror, "create", "Make this node's copy out of its two partitions");
  auto& creation = verb->creation;
  create->add_option("MIRROR", creation.mirror.value, "The mirror disk")->required();
  create->add_option("FILE", verb->file, "cluster.toml")->capture_default_str();
  create
      ->add_option("--as", creation.as,
                   "source: its data is kept, and the other copy becomes equal to it; target: what "
                   "is on it is lost; equal: both are equal already")
      ->required()
      ->check(CLI::IsMember({"source", "target", "equal"}));
  create->add_option("--node", creation.node.value, "This node's name, if it is not the host's");
  create->add_option("--overwrite", creation.overwrite, "What was found there, and may be lost");
  create->callback([parsed, verb] { parsed->verb = *verb; });
}

void add_mirror(CLI::App& app, const Parsed& parsed) {
  auto* mirror = command(app, "mirror", "Mirror disks: their state, and orders to them");
  mirror->require_subcommand(1);
  auto shown = std::make_shared<ShowMirrors>();
  auto* status = command(*mirror, "status", "Both copies, progress and latencies");
  status->add_option("MIRROR", shown->mirror, "Without it: all of the node");
  status->add_flag("--watch", shown->watch, "Again every second until interrupted");
  status->callback([parsed, shown] { parsed->verb = *shown; });
  for (const auto& [action, help] : {
           std::pair{"recover",
                     "Let the other copy be made equal; it is by itself unless broken off"},
           std::pair{"connect", "End a break: the copies are linked again"},
           std::pair{"break", "Cut the link until 'connect'; writes go to one copy only"},
           std::pair{"verify", "Compare both copies while they are used"},
           std::pair{"resize", "Use all of partitions that have grown"},
           std::pair{"force", "Make the copy of the asked node the one that counts"},
       }) {
    auto order = std::make_shared<OrderMirror>();
    order->action = action;
    auto* sub = command(*mirror, action, help);
    sub->add_option("MIRROR", order->mirror, "The mirror disk")->required();
    if (order->action == "force") sub->add_flag("--yes", order->yes, "It is meant");
    if (order->action == "verify") {
      sub->add_flag_callback(
          "--repair", [order] { order->action = "repair"; },
          "Send what differs from this node's copy");
    }
    sub->callback([parsed, order] { parsed->verb = *order; });
  }
  add_mirror_create(*mirror, parsed);
}

void add_policy(CLI::App& app, const Parsed& parsed) {
  auto policy = std::make_shared<PrintPolicy>();
  auto* sub = command(app, "iam-policy", "The smallest IAM policy for the nodes' role");
  sub->add_option("FILE", policy->file, "cluster.toml")->capture_default_str();
  sub->add_option("--region", policy->region, "Narrow the policy to it, and to its partition");
  sub->add_option("--account", policy->account, "Narrow the policy to it")
      ->check(CLI::Number)
      ->type_name("NUMBER");
  sub->add_flag("--doctor", policy->doctor, "With what 'mainstay doctor --fix' needs besides");
  sub->callback([parsed, policy] { parsed->verb = *policy; });

  auto budget = std::make_shared<ShowBudget>();
  sub = command(app, "api-budget", "How often the configuration asks AWS");
  sub->add_option("FILE", budget->file, "cluster.toml")->capture_default_str();
  sub->callback([parsed, budget] { parsed->verb = *budget; });
}

void add_offline(CLI::App& app, const Parsed& parsed) {
  auto check = std::make_shared<CheckFile>();
  auto* sub = command(app, "check", "Validate a configuration, and say how safe it is");
  sub->add_option("FILE", check->file, "cluster.toml")->required();
  sub->add_flag("--doctor", check->doctor, "And whether this node has what it will need");
  sub->add_option("--node", check->node, "For --doctor: which node this is");
  sub->callback([parsed, check] { parsed->verb = *check; });

  auto simulate = std::make_shared<Simulate>();
  sub = command(app, "simulate", "Run a configuration through thousands of simulated disasters");
  sub->add_option("--config", simulate->file, "cluster.toml")->required()->type_name("FILE");
  sub->add_option("--seeds", simulate->seeds, "How many runs")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  sub->add_option("--first-seed", simulate->first_seed, "The first run's seed")
      ->capture_default_str();
  sub->callback([parsed, simulate] { parsed->verb = *simulate; });

  auto describe = std::make_shared<DescribeType>();
  sub = command(app, "help", "The fields of a resource or monitor type; without one: the types");
  sub->add_option("TYPE", describe->type, "awsvip, script, ipw ...");
  sub->callback([parsed, describe] { parsed->verb = *describe; });

  command(app, "keygen", "Print a new cluster key")->callback([parsed] {
    parsed->verb = GenerateKey{};
  });
  command(app, "version", "The version of this command and of the daemon")->callback([parsed] {
    parsed->verb = ShowVersion{};
  });
}

Answered answered(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, err;
  const int code = app.exit(error, out, err);
  if (code == 0) return {ExitCode::done, out.str()};
  return {ExitCode::usage, "mainstay: " + err.str()};
}

}  // namespace

std::variant<Invocation, Answered> parse_arguments(const std::vector<std::string>& arguments) {
  const auto parsed = std::make_shared<Invocation>();
  CLI::App app("High availability for servers on AWS: asks and orders the local mainstayd",
               "mainstay");
  app.set_help_flag("--help", "This text");  // -h names a node
  app.footer(footer);
  app.require_subcommand(1);
  add_globals(app, parsed);
  add_status(app, parsed);
  add_group(app, parsed);
  add_node(app, parsed);
  add_shutdown_policy(app, parsed);
  add_events(app, parsed);
  add_why(app, parsed);
  add_arbiter(app, parsed);
  add_doctor(app, parsed);
  add_mirror(app, parsed);
  add_policy(app, parsed);
  add_offline(app, parsed);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return answered(app, error);
  }
  return std::move(*parsed);
}

}  // namespace mainstay::cli
