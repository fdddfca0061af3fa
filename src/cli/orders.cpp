// The verbs that change something: group and node orders.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include <fmt/format.h>

#include "api/json.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/doctor.h"

namespace mainstay::cli {
namespace {

// What has become of the group, in a sentence: said after an order, so that nobody has to ask.
std::string outcome_of(const Session& session, const std::string& name) {
  const auto body = session.client.get({.path = "/v1/status"});
  const auto report = body ? api::status_from_json(*body) : Result<api::StatusReport>();
  if (!body || !report) return name + ": done";
  const auto& groups = report->cluster.groups;
  const auto group = std::ranges::find(groups, GroupName(name), &GroupStatus::name);
  if (group == groups.end()) return name + ": done";
  if (group->owner.empty()) return fmt::format("{} is {}", name, to_text(group->phase));
  return fmt::format("{} is {} on {} (term {})", name, to_text(group->phase), group->owner,
                     group->term);
}

ExitCode report_done(const Session& session, const std::string& json, const std::string& sentence) {
  session.environment.out << (session.invocation.json ? json : sentence) << '\n';
  return ExitCode::done;
}

// Who gives the order: kept on record with what is declared.
std::string person() {
  for (const char* variable : {"SUDO_USER", "LOGNAME", "USER"}) {
    if (const char* name = std::getenv(variable); name && *name) return name;
  }
  return fmt::format("user {}", getuid());
}

Answer<std::string> node_to_order(const Session& session, const OrderNode& verb) {
  if (!verb.node.empty()) return verb.node;
  const auto body = session.client.get({.path = "/v1/version"});
  if (!body) return std::unexpected(body.error());
  const auto daemon = api::version_from_json(*body);
  if (!daemon) return std::unexpected(Trouble{Trouble::Kind::refused, daemon.error()});
  return daemon->node;
}

std::string sentence_of(const OrderNode& verb, const std::string& node) {
  if (verb.action == "stop") return node + " has stopped its cluster service";
  if (verb.action == "recover") return node + " is let in, and its losses are forgotten";
  if (verb.action == "cancel-start-wait") return node + " goes on without the nodes it waited for";
  return fmt::format("it is on record that {} runs nothing, by the word of {}", node, person());
}

std::string policy_text(const api::StatusReport& report) {
  const ShutdownStatus& shutdown = report.cluster.shutdown;
  const bool moves = shutdown.policy.groups == ShutdownGroups::move;
  return fmt::format(
      "When the operating system of {} shuts down, its groups {}, within {} ({}).\n",
      report.cluster.self, moves ? "move to other nodes" : "stop until it is back",
      to_text(shutdown.policy.timeout),
      shutdown.own
          ? "set on this node; 'mainstay shutdown-policy reset' returns to the configuration"
          : "as configured");
}

}  // namespace

ExitCode perform(const Session& session, const OrderGroup& verb) {
  api::Request request{.path = fmt::format("/v1/groups/{}/{}", verb.group, verb.action)};
  if (!verb.node.empty()) request.body = api::order_to_json({{"node", verb.node}});
  const auto body = session.client.order(request);
  if (!body) return complain(session, body.error());
  if (session.invocation.json) return report_done(session, *body, "");
  return report_done(session, *body, outcome_of(session, verb.group));
}

ExitCode perform(const Session& session, const OrderNode& verb) {
  const auto node = node_to_order(session, verb);
  if (!node) return complain(session, node.error());
  api::Request request{.path = fmt::format("/v1/nodes/{}/{}", *node, verb.action)};
  if (verb.action == "declare-stopped") {
    request.body = api::order_to_json({{"who", person()}, {"reason", verb.reason}});
  }
  const auto body = session.client.order(request);
  if (!body) return complain(session, body.error());
  return report_done(session, *body, sentence_of(verb, *node));
}

// No daemon of the cluster can start another node's: it does not run there. What the doctor finds
// keeps no node from starting: without AWS, too, it must.
ExitCode perform(const Session& session, const StartNode& verb) {
  const std::string other = verb.node.empty() ? session.client.host() : verb.node;
  if (!other.empty()) {
    return complain(
        session,
        Error{Code::invalid, fmt::format("a node's service is started on the node itself: run "
                                         "'mainstay node start' on {}",
                                         other)});
  }
  if (!verb.without_doctor) {
    const auto config = load_configuration(session, verb.file);
    if (!config) return config.error();
    warn_of_troubles(session, *config);
  }
  const auto started = session.environment.start_service();
  if (!started) return complain(session, started.error());
  return report_done(session, R"({"outcome":"done"})", "the cluster service is started");
}

ExitCode perform(const Session& session, const ShutdownPolicy& verb) {
  if (verb.change) {
    const auto node = node_to_order(session, {});
    if (!node) return complain(session, node.error());
    std::map<std::string, std::string> order;
    if (!verb.groups.empty()) order["groups"] = verb.groups;
    if (!verb.timeout.empty()) order["timeout"] = verb.timeout;
    const auto done =
        session.client.order({.path = fmt::format("/v1/nodes/{}/shutdown-policy", *node),
                              .body = api::order_to_json(order)});
    if (!done) return complain(session, done.error());
    if (session.invocation.json) return report_done(session, *done, "");
  }
  const auto body = session.client.get({.path = "/v1/status"});
  if (!body) return complain(session, body.error());
  const auto report = api::status_from_json(*body);
  if (!report) return complain(session, report.error());
  const ShutdownStatus& shutdown = report->cluster.shutdown;
  session.environment.out << (session.invocation.json ? api::to_json(shutdown) + "\n"
                                                      : policy_text(*report));
  return ExitCode::done;
}

}  // namespace mainstay::cli
