// Custom monitor: a script of the user asks the question; its exit code is the answer.
#include <fmt/format.h>

#include <algorithm>

#include "config/exit_codes.h"
#include "monitors/monitor.h"

namespace mainstay {
namespace {

struct Config {
  std::vector<std::string> script;
  std::vector<std::string> normal_values = {"0"};
  std::string directory;
  std::string log_file;
  int log_size_max = 1'000'000;
};

constexpr int number_not_started = 4;
constexpr int number_timeout = 6;

Program program_of(const Config& config, const MonitorContext& context) {
  Program program;
  program.argv = config.script;
  program.environment = {{"CLP_MONITORNAME", context.monitor.value},
                         {"MAINSTAY_NODE", context.node.value}};
  program.directory = config.directory;
  program.family = context.monitor.value;
  program.log_file = config.log_file.empty()
                         ? fmt::format("{}/{}.log", context.log_directory, context.monitor)
                         : config.log_file;
  program.log_size_max = static_cast<std::size_t>(config.log_size_max);
  return program;
}

// The number of an error is the script's own exit code, as users of custom monitors know it.
Health judge(const Config& config, const ProgramEnd& end) {
  const std::string& name = config.script.front();
  if (end.timed_out) {
    return {Verdict::unhealthy, number_timeout,
            fmt::format("Timeout occurred. {} did not end in time and was killed.", name)};
  }
  const std::string said = end.last_line.empty() ? "" : ": " + end.last_line;
  if (end.signal != 0) {
    return {Verdict::unknown, number_not_started,
            fmt::format("The script was killed. {} by signal {}{}", name, end.signal, said)};
  }
  if (is_normal(config.normal_values, end.exit_code)) return healthy();
  return {Verdict::unhealthy, end.exit_code,
          fmt::format("The script returned an abnormal value. {} returned {}{}", name,
                      end.exit_code, said)};
}

Task<Health> observe(const Config& config, MonitorContext& context) {
  const auto end = co_await context.process.run(program_of(config, context), context.call);
  if (end) co_return judge(config, *end);
  const Error& error = end.error();
  if (error.code == Code::cancelled) co_return Health{Verdict::unknown, 0, "called off"};
  if (error.code == Code::timed_out) {
    co_return judge(config, ProgramEnd{.timed_out = true});
  }
  // That the question cannot be asked says nothing of what it asks about.
  co_return Health{
      Verdict::unknown, number_not_started,
      fmt::format("The script could not be started. {}: {}", config.script.front(), error.message)};
}

std::vector<Contradiction> laws(const Params& params) {
  std::vector<Contradiction> found;
  const auto& script = std::get<std::vector<std::string>>(params.at("script"));
  if (!script.empty() && !script.front().starts_with('/')) {
    found.push_back({"script", fmt::format("\"{}\" is not an absolute path", script.front()),
                     "Begin it with \"/\"."});
  }
  for (const auto& text : std::get<std::vector<std::string>>(params.at("normal_values"))) {
    if (exit_code_range(text)) continue;
    found.push_back({"normal_values", fmt::format("\"{}\" is no return value", text),
                     std::string(exit_codes_remedy)});
  }
  return found;
}

std::vector<Field> fields() {
  return {
      field(&Config::script, "script")
          .label("Script")
          .help("Absolute path of the program that is run at every interval, and its arguments.")
          .required(),
      field(&Config::normal_values, "normal_values")
          .label("Normal return values")
          .help("The exit codes that mean healthy, such as [\"0\", \"2-10\"]."),
      field(&Config::directory, "directory")
          .label("Working directory")
          .help("Where it runs; the script's own directory if left out.")
          .format(TextFormat::path),
      field(&Config::log_file, "log_file")
          .label("Log file")
          .help("Where what it prints is kept; NAME.log in the log directory if left out.")
          .format(TextFormat::path),
      field(&Config::log_size_max, "log_size_max")
          .label("Log size")
          .help("How many bytes of log are kept before it is rotated.")
          .range(1'000, 999'999'999),
  };
}

}  // namespace

MonitorType genw_monitor() {
  TypeSchema schema;
  schema.type = "genw";
  schema.title = "Custom monitor";
  schema.summary =
      "Runs a script of yours at every interval. Its exit code is the answer, and the number that "
      "is shown.";
  schema.fields = fields();
  schema.laws = laws;
  schema.problems = {
      {number_not_started, "The script could not be started.",
       "The file does not exist, is not executable, or its interpreter does not exist; or it was "
       "killed by a signal.",
       "Check the path, `chmod +x` and the first line of the script on this node."},
      {number_timeout, "Timeout occurred.", "The script did not end within `timeout`.",
       "Read the monitor's log. If the script is slow, make the time-out longer."},
      {0, "The script returned an abnormal value.",
       "The exit code, which is the number of the error, is not among `normal_values`.",
       "It is the script's own verdict: see what it looks at."},
  };
  schema.example =
      "[[monitor]]\n"
      "name = \"genw1\"\n"
      "type = \"genw\"\n"
      "script = [\"/opt/web/check.sh\"]\n"
      "timing = \"active\"\n"
      "active_with = \"script1\"\n"
      "[monitor.recovery]\n"
      "target = \"failover1\"\n";
  Monitor<Config> type;
  type.schema = std::move(schema);
  type.observe = observe;
  return type;
}

}  // namespace mainstay
