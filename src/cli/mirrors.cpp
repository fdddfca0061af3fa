// The verbs of mirror disks.
#include <algorithm>
#include <ostream>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/json.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/render.h"

namespace mainstay::cli {
namespace {

constexpr auto watch_pause = std::chrono::seconds(1);
constexpr const char* clear_screen = "\x1b[H\x1b[2J";

// Only what was asked for.
Status keep(const std::string& mirror, api::StatusReport& report) {
  auto& mirrors = report.daemon.mirrors;
  if (mirror.empty()) return {};
  std::erase_if(mirrors,
                [&](const api::MirrorReport& each) { return each.mirror.value != mirror; });
  if (!mirrors.empty()) return {};
  return failure(Code::not_found, fmt::format("{} is no mirror disk with a copy on node {}", mirror,
                                              report.cluster.self));
}

// The daemon's own words of the mirrors, and of nothing else.
std::string mirrors_json(const std::string& document, const std::string& mirror) {
  using Json = nlohmann::json;
  const Json status = Json::parse(document, nullptr, /*allow_exceptions=*/false);
  Json found = Json::array();
  if (status.is_object()) {
    for (const auto& each : status.value("/daemon/mirrors"_json_pointer, Json::array())) {
      if (mirror.empty() || each.value("name", "") == mirror) found.push_back(each);
    }
  }
  return Json{{"mirrors", found}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What is begun goes on by itself.
std::string answer_text(const OrderMirror& verb) {
  const bool begun = verb.action == "resize";
  return fmt::format("{}: {}: {}", verb.mirror, verb.action,
                     begun ? "begun; 'mainstay mirror status' shows how far it is" : "done");
}

std::string last_heard(const MirrorStatus& status) {
  if (status.connected) return "is connected";
  if (!status.peer_silent) return "has not been heard since this engine started";
  return fmt::format("was last heard {} ago", to_text(*status.peer_silent));
}

// What is known of what would be lost.
std::string known_loss(const api::MirrorReport& mirror) {
  if (!mirror.status) return fmt::format("What would be lost is not known: {}. ", mirror.why);
  const MirrorStatus& status = *mirror.status;
  return fmt::format(
      "The copy here is {} and knows of no term after {}; the other copy ({}) {}. They are known "
      "to "
      "differ in {} bytes; what the other one has written alone comes on top. ",
      to_text(status.own), status.term, to_text(status.peer), last_heard(status),
      status.dirty_bytes);
}

std::string meaning_of_force(const std::string& mirror, const api::StatusReport& report) {
  std::string known;
  for (const auto& each : report.daemon.mirrors) {
    if (each.mirror.value == mirror) known = known_loss(each);
  }
  return fmt::format(
      "'force' makes the copy of {} on node {} the one that counts, whatever the other copy has. {}"
      "Writes that only the other copy has are lost for good, whenever it comes back. See to it "
      "that its group runs nowhere with the other copy; if it is to be, add --yes.",
      mirror, report.cluster.self, known);
}

Answer<api::StatusReport> ask_status(const Session& session) {
  const auto body = session.client.get({.path = "/v1/status"});
  if (!body) return std::unexpected(body.error());
  auto report = api::status_from_json(*body);
  if (!report) return std::unexpected(Trouble{Trouble::Kind::refused, report.error()});
  return std::move(*report);
}

ExitCode show_once(const Session& session, const ShowMirrors& verb) {
  auto& out = session.environment.out;
  const auto body = session.client.get({.path = "/v1/status"});
  if (!body) return complain(session, body.error());
  auto report = api::status_from_json(*body);
  if (!report) return complain(session, report.error());
  if (auto kept = keep(verb.mirror, *report); !kept) return complain(session, kept.error());
  if (session.invocation.json) {
    out << mirrors_json(*body, verb.mirror) << '\n';
  } else {
    if (verb.watch && session.environment.style.colours) out << clear_screen;
    out << render_mirrors(*report, session.environment.style);
  }
  out.flush();
  return ExitCode::done;
}

}  // namespace

ExitCode perform(const Session& session, const ShowMirrors& verb) {
  while (true) {
    const ExitCode shown = show_once(session, verb);
    if (!verb.watch || shown != ExitCode::done || !session.environment.out.good()) return shown;
    std::this_thread::sleep_for(watch_pause);
  }
}

ExitCode perform(const Session& session, const OrderMirror& verb) {
  if (verb.action == "force" && !verb.yes) {
    const auto report = ask_status(session);
    if (!report) return complain(session, report.error());
    return complain(session, Error{Code::invalid, meaning_of_force(verb.mirror, *report)});
  }
  // Whatever the copies differ in is sent by itself as soon as they may be linked.
  const std::string action = verb.action == "recover" ? "connect" : verb.action;
  const auto done =
      session.client.order({.path = fmt::format("/v1/mirrors/{}/{}", verb.mirror, action)});
  if (!done) return complain(session, done.error());
  session.environment.out << (session.invocation.json ? *done : answer_text(verb)) << '\n';
  return ExitCode::done;
}

ExitCode perform(const Session& session, const CreateMirror& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  const Status made = session.environment.create_mirror(*config, verb.creation);
  return made ? ExitCode::done : complain(session, made.error());
}

}  // namespace mainstay::cli
