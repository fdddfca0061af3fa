// The verbs that only ask: status, events, why, version.
#include <charconv>
#include <ostream>

#include <fmt/format.h>

#include "api/json.h"
#include "cli/commands.h"
#include "cli/render.h"

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

ExitCode follow(const Session& session, const ShowEvents& verb) {
  api::Request request{.path = "/v1/events/stream"};
  if (verb.since) request.query["since"] = std::to_string(*verb.since);
  const auto followed = session.client.follow(request, [&session](std::string_view json) {
    print_event(session, json);
    return session.environment.out.good();
  });
  return followed ? ExitCode::done : complain(session, followed.error());
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
  if (verb.follow) return follow(session, verb);
  api::Request request{.path = "/v1/events", .query = {{"limit", std::to_string(verb.limit)}}};
  if (verb.since) request.query["since"] = std::to_string(*verb.since);
  const auto body = session.client.get(request);
  if (!body) return complain(session, body.error());
  auto& out = session.environment.out;
  if (session.invocation.json) {
    out << *body << '\n';
    return ExitCode::done;
  }
  const auto events = api::events_from_json(*body);
  if (!events) return complain(session, events.error());
  for (const auto& event : *events) out << render_event(event, session.environment.style);
  return ExitCode::done;
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
