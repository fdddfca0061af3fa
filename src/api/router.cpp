#include "api/router.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/json.h"
#include "api/metrics.h"
#include "config/schema.h"
#include "config/sections.h"

namespace mainstay::api {
namespace {

struct Asked {
  Control& control;
  const Request& request;
  Origin origin;
  std::vector<std::string> words;  // of the path: "v1", "groups", "web", "why"
};

std::vector<std::string> words_of(std::string_view path) {
  std::vector<std::string> words;
  while (!path.empty()) {
    const auto end = path.find('/');
    if (end != 0) words.emplace_back(path.substr(0, end));
    if (end == path.npos) break;
    path.remove_prefix(end + 1);
  }
  return words;
}

int http_status(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
    case Code::cancelled:
      return 409;
    case Code::throttled:
      return 429;
    case Code::corrupt:
      return 500;
    case Code::unavailable:
      return 503;
    case Code::timed_out:
    case Code::outcome_unknown:
      return 504;
  }
  return 500;
}

Reply done() { return {200, "application/json", R"({"outcome":"done"})"}; }

// A number of the query, within [0, max]; `otherwise` if it is not there.
Result<std::uint64_t> number(const Request& request, const std::string& key,
                             std::uint64_t otherwise, std::uint64_t max) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return otherwise;
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return failure(Code::invalid, fmt::format("{}={} is not a whole number", key, text));
  }
  return std::min(value, max);
}

Result<Duration> wait_of(const Request& request) {
  using std::chrono::milliseconds;
  const auto most = static_cast<std::uint64_t>(order_wait_max / 1ms);
  const auto usual = static_cast<std::uint64_t>(order_wait / 1ms);
  const auto asked = number(request, "timeout_ms", usual, most);
  if (!asked) return std::unexpected(asked.error());
  return milliseconds(static_cast<std::int64_t>(*asked));
}

Reply status_reply(const Asked& asked) {
  const auto report = asked.control.status(question_wait);
  return report ? Reply{.body = to_json(*report)} : error_reply(report.error());
}

Reply metrics_reply(const Asked& asked) {
  const auto report = asked.control.status(question_wait);
  if (!report) return error_reply(report.error());
  return {200, "text/plain; version=0.0.4", metrics_text(*report)};
}

Reply version_reply(const Asked& asked) {
  return {.body = to_json(VersionReport{asked.control.version(), asked.control.self().value})};
}

Reply events_reply(const Asked& asked) {
  EventQuery query;
  const auto since = number(asked.request, "since", 0, UINT64_MAX);
  const auto limit = number(asked.request, "limit", query.limit, events_per_reply_max);
  const auto wait = number(asked.request, "wait_ms", 0, 10'000);
  for (const auto* one : {&since, &limit, &wait}) {
    if (!*one) return error_reply(one->error());
  }
  query.since = *since;
  query.limit = *limit;
  query.wait = std::chrono::milliseconds(static_cast<std::int64_t>(*wait));
  query.newest = !asked.request.query.contains("since");
  const auto events = asked.control.events(query);
  return events ? Reply{.body = events_to_json(*events, query.since)} : error_reply(events.error());
}

// Another node's own records; nothing if it did not answer.
std::optional<std::vector<ActivationRecord>> records_of(const Asked& asked, const NodeName& node) {
  Request request = asked.request;
  request.query["scope"] = "local";
  const auto reply = asked.control.forward(node, request, peer_wait);
  if (!reply || reply->status != 200) return std::nullopt;
  auto report = why_from_json(reply->body);
  if (!report) return std::nullopt;
  return std::move(report->activations);
}

// Each activation is on record at the node that made it, so the others are asked too.
void add_peers(const Asked& asked, const ClusterStatus& cluster, WhyReport& report) {
  for (const auto& node : cluster.nodes) {
    if (node.self) continue;
    const bool heard = node.trust == Trust::alive || node.trust == Trust::suspect;
    auto records = heard ? records_of(asked, node.name) : std::nullopt;
    if (!records) {
      report.unanswered.push_back(node.name.value);
      continue;
    }
    std::ranges::move(*records, std::back_inserter(report.activations));
  }
}

Reply why_reply(const Asked& asked) {
  const std::string& name = asked.words[2];
  const auto limit = number(asked.request, "limit", 5, activations_per_reply_max);
  if (!limit) return error_reply(limit.error());
  const auto status = asked.control.status(question_wait);
  if (!status) return error_reply(status.error());
  const auto& groups = status->cluster.groups;
  if (std::ranges::find(groups, GroupName(name), &GroupStatus::name) == groups.end()) {
    return error_reply({Code::not_found, fmt::format("there is no group '{}'", name)});
  }
  auto own = asked.control.activations(name, *limit);
  if (!own) return error_reply(own.error());
  WhyReport report{.group = name, .activations = std::move(*own)};
  const bool local = asked.request.query.contains("scope") || asked.origin == Origin::another_node;
  if (!local) add_peers(asked, status->cluster, report);
  std::ranges::stable_sort(report.activations, std::ranges::greater(), &ActivationRecord::term);
  if (report.activations.size() > *limit) report.activations.resize(*limit);
  return {.body = to_json(report)};
}

Reply give_order(const Asked& asked, Command command) {
  const auto wait = wait_of(asked.request);
  if (!wait) return error_reply(wait.error());
  const auto outcome = asked.control.ask(std::move(command), *wait);
  return outcome ? done() : error_reply(outcome.error());
}

Result<Command> group_order(const Asked& asked) {
  const GroupName group(asked.words[2]);
  const std::string& verb = asked.words[3];
  const bool takes_node = verb == "start" || verb == "move";
  const auto body =
      order_from_json(asked.request.body, takes_node ? std::vector<std::string_view>{"node"}
                                                     : std::vector<std::string_view>{});
  if (!body) return std::unexpected(body.error());
  const auto node = body->find("node");
  const NodeName on(node == body->end() ? "" : node->second);
  if (verb == "start") return StartGroup{group, on};
  if (verb == "stop") return StopGroup{group};
  if (verb == "move") return MoveGroup{group, on};
  if (verb == "restart") return RestartGroup{group};
  return failure(Code::not_found, fmt::format("a group cannot be told to '{}'; it can be told to "
                                              "start, stop, move, restart",
                                              verb));
}

Result<Command> declare_stopped(const Asked& asked, const NodeName& node) {
  auto body = order_from_json(asked.request.body, {"who", "reason"});
  if (!body) return std::unexpected(body.error());
  DeclareStopped command{node, (*body)["who"], (*body)["reason"]};
  if (command.who.empty() || command.reason.empty()) {
    return failure(Code::invalid,
                   "declare-stopped is kept on record: say \"who\" declares it and the \"reason\"");
  }
  return command;
}

std::unexpected<Error> invalid(const std::string& key, const Mismatch& mismatch) {
  return failure(Code::invalid, fmt::format("\"{}\": {}. {}", key, mismatch.fact, mismatch.remedy));
}

// What the order does not say stays as it is; an order that says nothing returns to the
// configuration.
Result<Command> set_shutdown_policy(const Asked& asked) {
  const auto body = order_from_json(asked.request.body, {"groups", "timeout"});
  if (!body) return std::unexpected(body.error());
  if (body->empty()) return SetShutdownPolicy{};
  const auto status = asked.control.status(question_wait);
  if (!status) return std::unexpected(status.error());
  ShutdownConfig policy = status->cluster.shutdown.policy;
  for (const auto& [key, text] : *body) {
    const Field* known = find_field(shutdown_fields(), key);
    Value value = text;
    if (known->kind == FieldKind::duration) {
      const auto duration = duration_from(text);
      if (!duration) {
        return invalid(key, {fmt::format("\"{}\" is no duration", text),
                             "Write it like \"30s\" or \"2min\"."});
      }
      value = *duration;
    }
    if (const auto wrong = misfit(*known, value)) return invalid(key, *wrong);
    known->write(&policy, value);
  }
  return SetShutdownPolicy{policy};
}

// Orders about a node that only the node itself can carry out go to it.
Reply pass_on(const Asked& asked, const NodeName& node) {
  const auto wait = wait_of(asked.request);
  if (!wait) return error_reply(wait.error());
  auto reply = asked.control.forward(node, asked.request, *wait);
  return reply ? std::move(*reply) : error_reply(reply.error());
}

template <class Order>
Result<Command> plain_order(const Asked& asked) {
  const auto body = order_from_json(asked.request.body, {});
  if (!body) return std::unexpected(body.error());
  return Order{};
}

// By their verbs: what only the node itself can carry out.
const std::map<std::string, Result<Command> (*)(const Asked&)>& node_orders() {
  static const std::map<std::string, Result<Command> (*)(const Asked&)> orders = {
      {"stop", plain_order<StopNode>},
      {"recover", plain_order<RecoverNode>},
      {"cancel-start-wait", plain_order<CancelStartWait>},
      {"shutdown-policy", set_shutdown_policy},
  };
  return orders;
}

Reply node_order(const Asked& asked) {
  const NodeName node(asked.words[2]);
  const std::string& verb = asked.words[3];
  if (verb == "declare-stopped") {
    auto command = declare_stopped(asked, node);
    return command ? give_order(asked, std::move(*command)) : error_reply(command.error());
  }
  const auto order = node_orders().find(verb);
  if (order == node_orders().end()) {
    return error_reply(
        {Code::not_found, fmt::format("a node cannot be told to '{}'; it can be told to stop, "
                                      "recover, cancel-start-wait, declare-stopped, "
                                      "shutdown-policy",
                                      verb)});
  }
  if (node != asked.control.self()) return pass_on(asked, node);
  auto command = order->second(asked);
  return command ? give_order(asked, std::move(*command)) : error_reply(command.error());
}

Reply mirror_order(const Asked& asked) {
  const std::string& verb = asked.words[3];
  const auto order = mirror_order_from(verb);
  if (!order) {
    return error_reply(
        {Code::not_found, fmt::format("a mirror cannot be told to '{}'; it can be told to connect, "
                                      "break, verify, repair, resize, force",
                                      verb)});
  }
  const auto body = order_from_json(asked.request.body, {});
  if (!body) return error_reply(body.error());
  const auto wait = wait_of(asked.request);
  if (!wait) return error_reply(wait.error());
  const auto outcome = asked.control.order_mirror(ResourceName(asked.words[2]), *order, *wait);
  return outcome ? done() : error_reply(outcome.error());
}

Reply answer_get(const Asked& asked) {
  const auto& words = asked.words;
  if (asked.request.path == "/metrics") return metrics_reply(asked);
  if (asked.request.path == "/v1/status") return status_reply(asked);
  if (asked.request.path == "/v1/version") return version_reply(asked);
  if (asked.request.path == "/v1/events") return events_reply(asked);
  if (words.size() == 4 && words[0] == "v1" && words[1] == "groups" && words[3] == "why") {
    return why_reply(asked);
  }
  return error_reply(
      {Code::not_found, fmt::format("there is nothing at GET {}", asked.request.path)});
}

Reply answer_post(const Asked& asked) {
  const auto& words = asked.words;
  if (asked.request.body.size() > order_size_max) {
    return error_reply(
        {Code::invalid, fmt::format("the body of an order has at most {} bytes", order_size_max)});
  }
  if (words.size() == 4 && words[0] == "v1" && words[1] == "groups") {
    auto command = group_order(asked);
    return command ? give_order(asked, std::move(*command)) : error_reply(command.error());
  }
  if (words.size() == 4 && words[0] == "v1" && words[1] == "nodes") return node_order(asked);
  if (words.size() == 4 && words[0] == "v1" && words[1] == "mirrors") return mirror_order(asked);
  return error_reply(
      {Code::not_found, fmt::format("there is nothing at POST {}", asked.request.path)});
}

// The node named by ?at=NAME, if it is another one.
std::optional<NodeName> other_node(const Asked& asked) {
  const auto at = asked.request.query.find("at");
  if (asked.origin == Origin::another_node || at == asked.request.query.end()) return std::nullopt;
  const NodeName node(at->second);
  if (node == asked.control.self()) return std::nullopt;
  return node;
}

Reply answer_at(const Asked& asked, const NodeName& node) {
  Request request = asked.request;
  request.query.erase("at");
  const auto wait = is_order(request) ? wait_of(request) : Result<Duration>(question_wait);
  if (!wait) return error_reply(wait.error());
  auto reply = asked.control.forward(node, request, *wait);
  return reply ? std::move(*reply) : error_reply(reply.error());
}

}  // namespace

Reply answer(Control& control, const Request& request, Origin origin) {
  const Asked asked{control, request, origin, words_of(request.path)};
  if (const auto node = other_node(asked)) return answer_at(asked, *node);
  if (request.method == "GET") return answer_get(asked);
  if (request.method == "POST") return answer_post(asked);
  Reply reply = error_reply({Code::invalid, "only GET and POST are understood"});
  reply.status = 405;
  return reply;
}

bool is_order(const Request& request) { return request.method == "POST"; }

Reply error_reply(const Error& error) {
  return {http_status(error.code), "application/json", to_json(error)};
}

}  // namespace mainstay::api
