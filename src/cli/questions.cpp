// The verbs that only ask: status, events, why, version.
#include <charconv>
#include <ostream>

#include <fmt/format.h>

#include "api/json.h"
#include "cli/commands.h"
#include "cli/render.h"
#include "cli/since.h"

namespace mainstay::cli {
namespace {

void print_event(const Session& session, std::string_view json) {
  auto& out = session.environment.out;
  const auto event = api::event_from_json(json);
  if (session.invocation.json || !event) {
    out << json << '\n';
  } else {
    out << render_event(*event, session.environment.style);
  }
  out.flush();
}

// From the next event on, or from the one after `since`.
ExitCode follow(const Session& session, std::optional<std::uint64_t> since) {
  api::Request request{.path = "/v1/events/stream"};
  if (since) request.query["since"] = std::to_string(*since);
  const auto followed = session.client.follow(request, [&session](std::string_view json) {
    print_event(session, json);
    return session.environment.out.good();
  });
  return followed ? ExitCode::done : complain(session, followed.error());
}

struct Found {
  std::vector<EventRecord> events;
  std::uint64_t newest = 0;  // of all the node has, found or not
};

std::expected<Found, api::Trouble> find_events(const Session& session, const ShowEvents& verb,
                                               const std::optional<Since>& since) {
  api::Request request{.path = "/v1/events", .query = {{"limit", std::to_string(verb.limit)}}};
  const auto* number = since ? std::get_if<std::uint64_t>(&*since) : nullptr;
  if (number != nullptr) request.query["since"] = std::to_string(*number);
  const auto body = session.client.get(request);
  if (!body) return std::unexpected(body.error());
  auto events = api::events_from_json(*body);
  if (!events) {
    return std::unexpected(api::Trouble{api::Trouble::Kind::refused, events.error()});
  }
  const std::uint64_t none = number != nullptr ? *number : 0;
  Found found{std::move(*events), none};
  if (!found.events.empty()) found.newest = found.events.back().number;
  if (const auto* time = since ? std::get_if<WallTime>(&*since) : nullptr; time != nullptr) {
    std::erase_if(found.events, [&](const EventRecord& event) { return event.time < *time; });
  }
  return found;
}

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

ExitCode perform(const Session& session, const ShowStatus&) {
  const auto body = session.client.get({.path = "/v1/status"});
  if (!body) return complain(session, body.error());
  auto& out = session.environment.out;
  if (session.invocation.json) {
    out << *body << '\n';
    return ExitCode::done;
  }
  const auto report = api::status_from_json(*body);
  if (!report) return complain(session, report.error());
  out << render_status(*report, session.environment.style);
  return ExitCode::done;
}

ExitCode perform(const Session& session, const ShowEvents& verb) {
  std::optional<Since> since;
  if (!verb.since.empty()) {
    const auto parsed = parse_since(verb.since, wall_now());
    if (!parsed) return complain(session, parsed.error());
    since = *parsed;
  }
  // A stream begins after a number: what was since a time is asked for first.
  const bool by_time = since && std::holds_alternative<WallTime>(*since);
  if (verb.follow && !by_time) {
    return follow(session, since ? std::optional(std::get<std::uint64_t>(*since)) : std::nullopt);
  }
  const auto found = find_events(session, verb, since);
  if (!found) return complain(session, found.error());
  auto& out = session.environment.out;
  if (session.invocation.json && !verb.follow) {
    out << api::events_to_json(found->events, found->newest) << '\n';
    return ExitCode::done;
  }
  for (const auto& event : found->events) print_event(session, api::to_json(event));
  return verb.follow ? follow(session, found->newest) : ExitCode::done;
}

ExitCode perform(const Session& session, const ExplainGroup& verb) {
  const auto body = session.client.get({.path = "/v1/groups/" + verb.group + "/why",
                                        .query = {{"limit", std::to_string(verb.limit)}}});
  if (!body) return complain(session, body.error());
  auto& out = session.environment.out;
  if (session.invocation.json) {
    out << *body << '\n';
    return ExitCode::done;
  }
  const auto report = api::why_from_json(*body);
  if (!report) return complain(session, report.error());
  out << render_why(*report, session.environment.style);
  return ExitCode::done;
}

// The command's own version is an answer even if there is no daemon.
ExitCode perform(const Session& session, const ShowVersion&) {
  auto& environment = session.environment;
  const auto body = session.client.get({.path = "/v1/version"});
  if (session.invocation.json) {
    environment.out << fmt::format(R"({{"command":"{}","daemon":{}}})", environment.version,
                                   body ? *body : "null")
                    << '\n';
    return ExitCode::done;
  }
  environment.out << "mainstay " << environment.version << '\n';
  if (!body) {
    environment.out << "mainstayd: not reached\n";
    return ExitCode::done;
  }
  const auto daemon = api::version_from_json(*body);
  if (!daemon) return complain(session, daemon.error());
  environment.out << fmt::format("mainstayd {} on {}\n", daemon->version, daemon->node);
  return ExitCode::done;
}

}  // namespace mainstay::cli
