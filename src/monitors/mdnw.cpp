// Mirror connect monitor: the link between the two copies of a mirror, and what the other copy is
// worth.
#include <fmt/format.h>

#include "monitors/monitor.h"

namespace mainstay {
namespace {

struct Config {
  std::string mirror;
};

constexpr int number_link = 4;
constexpr int number_no_engine = 5;
constexpr int number_timeout = 6;
constexpr int number_broken_off = 7;
constexpr int number_peer_behind = 8;
constexpr int number_diverged = 9;

// It costs no service, so it is a warning.
Health warning(int number, std::string message) {
  return {Verdict::unknown, number, std::move(message)};
}

std::string progress(const MirrorStatus& status) {
  std::string text;
  if (status.recovered_percent) text += fmt::format(", {:.0f} % done", *status.recovered_percent);
  if (status.time_left) text += fmt::format(", {} left", to_text(*status.time_left));
  return text;
}

Health judge(const MirrorStatus& status) {
  const std::string trouble = status.trouble.empty() ? "" : " " + status.trouble;
  if (status.own == CopyState::diverged || status.peer == CopyState::diverged) {
    return {Verdict::unhealthy, number_diverged,
            fmt::format("Both copies have writes that the other one lacks. Choose one with "
                        "'mainstay mirror force {}'.{}",
                        status.name, trouble)};
  }
  if (status.broken_off) {
    return warning(number_broken_off,
                   fmt::format("The mirror was broken off by order. Run 'mainstay mirror connect "
                               "{}' to let it recover.",
                               status.name));
  }
  if (!status.connected) {
    return {Verdict::unhealthy, number_link, fmt::format("The mirror link is down.{}", trouble)};
  }
  const bool primary = status.role == MirrorRole::primary;
  if (primary && status.peer != CopyState::up_to_date) {
    return warning(
        number_peer_behind,
        fmt::format("The other copy is {}{}.{}", to_text(status.peer), progress(status), trouble));
  }
  return healthy();
}

Task<Health> observe(const Config& config, MonitorContext& context) {
  const auto status = co_await context.mirror.status(config.mirror, context.call);
  if (status) co_return judge(*status);
  const Error& error = status.error();
  if (error.code == Code::cancelled) co_return warning(0, "called off");
  const bool slow = error.code == Code::timed_out;
  co_return warning(slow ? number_timeout : number_no_engine,
                    fmt::format("{} {}",
                                slow ? "Timeout occurred."
                                     : "The engine of the mirror does not "
                                       "run.",
                                error.message));
}

std::vector<KnownProblem> problems() {
  return {
      {number_link, "The mirror link is down.",
       "The other node is down, its engine does not run, or no mirror path leads to it.",
       "The copy that is in use goes on alone, and the other one recovers by itself once the link "
       "is back. Check the node and the paths."},
      {number_no_engine, "The engine of the mirror does not run.",
       "`mainstay-mirrord` ended on this node. Shown as 105 while `on_unknown` is \"warn\".",
       "Read mainstayd's log: it quotes why."},
      {number_timeout, "Timeout occurred.",
       "The engine is busy with a disk that hangs. Shown as 106 while `on_unknown` is \"warn\".",
       "See the kernel's log."},
      {number_broken_off, "The mirror was broken off by order.",
       "`mainstay mirror break` was given. Shown as 107: a warning.",
       "Run `mainstay mirror connect`."},
      {number_peer_behind, "The other copy is recovering.",
       "It missed writes and is being made equal. Until it is, the group has one good copy only. "
       "Shown as 108: a warning.",
       "Wait; `mainstay mirror status` says how long."},
      {number_diverged, "Both copies have writes that the other one lacks.",
       "Each was used without the other, by force or without an arbiter.",
       "Decide which copy is to be kept, and give `mainstay mirror force`."},
  };
}

}  // namespace

MonitorType mdnw_monitor() {
  TypeSchema schema;
  schema.type = "mdnw";
  schema.title = "Mirror connect monitor";
  schema.summary =
      "Watches the link between the two copies of a mirror disk, and the other copy's state.";
  schema.fields = {
      field(&Config::mirror, "mirror")
          .label("Mirror disk")
          .help("The name of the `md` resource.")
          .required()
          .format(TextFormat::name),
  };
  schema.problems = problems();
  schema.example =
      "[[monitor]]\n"
      "name = \"mdnw1\"\n"
      "type = \"mdnw\"\n"
      "mirror = \"md1\"\n"
      "interval = \"30s\"\n"
      "[monitor.recovery]\n"
      "target = \"local\"\n"
      "final_action = \"none\"\n";
  Monitor<Config> type;
  type.schema = std::move(schema);
  type.observe = observe;
  return type;
}

}  // namespace mainstay
