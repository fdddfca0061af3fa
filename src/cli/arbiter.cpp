#include "cli/arbiter.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "cli/configuration.h"

namespace mainstay::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double show_patience_s = 10;
constexpr double create_patience_s = 120;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return json;
}

std::string lines_of(const Facts& facts) {
  std::string text;
  for (const auto& [name, value] : facts) text += fmt::format("  {}: {}\n", name, value);
  return text;
}

std::string sessions_table(const ArbiterReport& report, const Style& style) {
  Table table({"NODE", "SESSION", "INCARNATION", "LEASE", "NOTE"});
  for (const auto& session : report.sessions) {
    const bool active = session.standing == "active";
    table.add({session.node,
               {session.standing, active ? Colour::green : Colour::yellow},
               std::to_string(session.incarnation),
               to_text(session.lease),
               session.revoked_by.empty() ? "" : "revoked by " + session.revoked_by});
  }
  return table.has_rows() ? '\n' + table.text(style) : "\nNo node has taken a session yet.\n";
}

std::string groups_table(const ArbiterReport& report, const Style& style) {
  Table table({"GROUP", "OWNER", "TERM"});
  for (const auto& group : report.groups) {
    table.add({group.group, group.owner.empty() ? "-" : group.owner, std::to_string(group.term)});
  }
  return table.has_rows() ? '\n' + table.text(style) : "";
}

std::string mirrors_table(const ArbiterReport& report, const Style& style) {
  Table table({"MIRROR", "UP TO DATE", "TERM"});
  for (const auto& mirror : report.mirrors) {
    const char* copies = mirror.first && mirror.second ? "both copies"
                         : mirror.first                ? "the first copy only"
                         : mirror.second               ? "the second copy only"
                                                       : "neither copy";
    table.add({mirror.mirror, copies, std::to_string(mirror.term)});
  }
  return table.has_rows() ? '\n' + table.text(style) : "";
}

Duration patience(const Session& session, double otherwise_s) {
  const double seconds = session.invocation.timeout_s.value_or(otherwise_s);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

std::string render_arbiter(const ArbiterReport& report, const Style& style) {
  std::string text =
      fmt::format("{}: {}\n{}", report.name,
                  style.paint(report.state, report.ready ? Colour::green : Colour::red),
                  lines_of(report.facts));
  text +=
      sessions_table(report, style) + groups_table(report, style) + mirrors_table(report, style);
  for (const auto& oddity : report.oddities) {
    text += fmt::format("\n{}: {}\n", oddity.key, style.paint(oddity.trouble, Colour::red));
  }
  return text;
}

std::string to_json(const ArbiterReport& report) {
  Json json = {{"name", report.name},       {"state", report.state},
               {"ready", report.ready},     {"facts", json_of(report.facts)},
               {"sessions", Json::array()}, {"groups", Json::array()},
               {"mirrors", Json::array()},  {"unreadable", Json::array()}};
  for (const auto& session : report.sessions) {
    json["sessions"].push_back(
        {{"node", session.node},
         {"standing", session.standing},
         {"incarnation", session.incarnation},
         {"lease_ms", std::chrono::duration_cast<std::chrono::milliseconds>(session.lease).count()},
         {"revoked_by", session.revoked_by}});
  }
  for (const auto& group : report.groups) {
    json["groups"].push_back(
        {{"group", group.group}, {"owner", group.owner}, {"term", group.term}});
  }
  for (const auto& mirror : report.mirrors) {
    json["mirrors"].push_back({{"mirror", mirror.mirror},
                               {"first", mirror.first},
                               {"second", mirror.second},
                               {"term", mirror.term}});
  }
  for (const auto& oddity : report.oddities) {
    json["unreadable"].push_back({{"key", oddity.key}, {"trouble", oddity.trouble}});
  }
  return text_of(json);
}

std::string render_creation(const ArbiterCreation& creation) {
  return fmt::format(
      "{} is ready.\n{}\nThe role of the nodes needs this policy:\n\n{}\nWhoever runs 'mainstay "
      "arbiter' needs this one:\n\n{}",
      creation.name, lines_of(creation.facts), creation.node_policy, creation.administrator_policy);
}

std::string to_json(const ArbiterCreation& creation) {
  return text_of(
      {{"name", creation.name},
       {"facts", json_of(creation.facts)},
       {"node_policy", Json::parse(creation.node_policy, nullptr, false)},
       {"administrator_policy", Json::parse(creation.administrator_policy, nullptr, false)}});
}

ExitCode perform(const Session& session, const CreateArbiter& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  auto& environment = session.environment;
  const auto say = [&](const std::string& progress) { environment.err << progress << '\n'; };
  const auto created =
      environment.create_arbiter(*config, patience(session, create_patience_s), say);
  if (!created) return complain(session, created.error());
  if (session.invocation.json) {
    environment.out << to_json(*created) << '\n';
  } else {
    environment.out << render_creation(*created);
  }
  return ExitCode::done;
}

ExitCode perform(const Session& session, const ShowArbiter& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  auto& environment = session.environment;
  const auto report = environment.show_arbiter(*config, patience(session, show_patience_s));
  if (!report) return complain(session, report.error());
  if (session.invocation.json) {
    environment.out << to_json(*report) << '\n';
  } else {
    environment.out << render_arbiter(*report, environment.style);
  }
  return ExitCode::done;
}

}  // namespace mainstay::cli
