// Scripts of the user: one that makes a service start, one that makes it stop, or one program that
// stays and is watched.
#include <fmt/format.h>

#include <algorithm>

#include "config/exit_codes.h"
#include "resources/resource.h"

namespace mainstay {
namespace {

enum class Mode { synchronous, resident };

struct Config {
  std::vector<std::string> start;
  std::vector<std::string> stop;
  Mode mode = Mode::synchronous;
  std::vector<std::string> normal_values = {"0"};
  Duration ready_after = Duration::zero();
  int ready_port = 0;
  std::string ready_host = "127.0.0.1";
  Duration kill_after = 10s;
  std::string directory;
  std::string log_file;
  int log_size_max = 1'000'000;
};

// The troubleshooting page is made of these.
constexpr int number_abnormal = 3;
constexpr int number_not_started = 4;
constexpr int number_timeout = 6;
constexpr int number_ended = 7;

// How long to wait between two looks at the readiness port.
constexpr Duration ready_pause = 20ms;
constexpr Duration ready_try_max = 500ms;

std::unexpected<Error> numbered(Code code, int number, std::string message) {
  return std::unexpected(Error{code, std::move(message), number});
}

// ---- Programs.

// A restart in place is a START too: in scripts written for the guide's product, the branch RECOVER
// does not start the service.
std::string event_word(StartCause cause) {
  return cause == StartCause::failover ? "FAILOVER" : "START";
}

std::string factor_word(StopCause cause) {
  switch (cause) {
    case StopCause::cleanup:
    case StopCause::group_stop:
      return "GROUPSTOP";
    case StopCause::group_move:
      return "GROUPMOVE";
    case StopCause::group_failover:
    case StopCause::permission_ended:
    case StopCause::both_active:
      return "GROUPFAILOVER";
    case StopCause::resource_restart:
      return "RESOURCERESTART";
    case StopCause::node_stop:
      return "SERVERSHUTDOWN";
  }
  return "";
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

// What a script may want to know, under the names it knows it by.
std::map<std::string, std::string> environment(const Context& context, const std::string& program) {
  const ActivationFacts& facts = context.facts;
  return {
      {"CLP_EVENT", event_word(facts.cause)},
      {"CLP_SERVER", facts.policy_position == 1 ? "HOME" : "OTHER"},
      {"CLP_PRIORITY", fmt::format("{}", facts.policy_position)},
      {"CLP_SERVER_PREV", facts.previous_node.value},
      {"CLP_GROUPNAME", context.group.value},
      {"CLP_RESOURCENAME", context.resource.value},
      {"CLP_SCRIPT_PATH", directory_of(program)},
      {"CLP_DISK", "SUCCESS"},
      {"MAINSTAY_NODE", context.node.value},
      {"MAINSTAY_TERM", fmt::format("{}", context.term)},
  };
}

Program program_of(const Config& config, const Context& context,
                   const std::vector<std::string>& argv) {
  Program program;
  program.argv = argv;
  program.environment = environment(context, argv.front());
  program.directory = config.directory;
  program.family = context.resource.value;
  program.log_file = config.log_file.empty()
                         ? fmt::format("{}/{}.log", context.log_directory, context.resource)
                         : config.log_file;
  program.log_size_max = static_cast<std::size_t>(config.log_size_max);
  return program;
}

// "returned 3: cannot bind to port 80".
std::string describe(const ProgramEnd& end) {
  std::string text = end.signal != 0 ? fmt::format("was killed by signal {}", end.signal)
                                     : fmt::format("returned {}", end.exit_code);
  if (!end.last_line.empty()) text += ": " + end.last_line;
  return text;
}

Error start_error(const std::string& program, const Error& error) {
  return {error.code,
          fmt::format("The script could not be started. {}: {}", program, error.message),
          number_not_started};
}

// Runs a script to its end and judges it.
Task<Status> run_script(const Config& config, Context& context,
                        const std::vector<std::string>& argv, Program program, Call call) {
  const Instant begun = context.clock.now();
  const auto end = co_await context.process.run(std::move(program), call);
  if (!end && end.error().code == Code::cancelled) co_return std::unexpected(end.error());
  if ((!end && end.error().code == Code::timed_out) || (end && end->timed_out)) {
    co_return numbered(
        Code::timed_out, number_timeout,
        fmt::format("Timeout occurred. {} was still running after {} and was killed.", argv.front(),
                    to_text(context.clock.now() - begun)));
  }
  if (!end) co_return std::unexpected(start_error(argv.front(), end.error()));
  const bool exited = end->signal == 0;
  if (exited && is_normal(config.normal_values, end->exit_code)) co_return Status{};
  co_return numbered(
      Code::conflict, number_abnormal,
      fmt::format("The script returned an abnormal value. {} {}.", argv.front(), describe(*end)));
}

// Ends what an earlier activation left behind: two of one service must not run.
Task<Status> end_leftovers(Context& context) {
  if (context.process.members(context.resource.value).empty()) co_return Status{};
  context.warn(
      fmt::format("{}: programs of an earlier activation were still running; they are "
                  "killed.",
                  context.resource));
  co_return co_await context.process.end_family(context.resource.value, context.clock.now(),
                                                context.call);
}

// ---- Resident programs.

std::unexpected<Error> ended(const std::string& program, const ProgramEnd& end) {
  return numbered(Code::unavailable, number_ended,
                  fmt::format("The program ended by itself. {} {}.", program, describe(end)));
}

// Waits, but not beyond `until`, for the program's end; nothing if it is still running.
Task<std::optional<Error>> ends_before(const std::string& name, RunningProgram& program,
                                       Instant until, Context& context) {
  const Call call{std::min(until, context.call.deadline), context.call.cancellation};
  const auto end = co_await program.wait(call);
  if (end) co_return ended(name, *end).error();
  if (end.error().code == Code::timed_out) co_return std::nullopt;
  co_return end.error();
}

Task<Status> wait_for_port(const Config& config, Context& context, RunningProgram& program) {
  while (true) {
    const Instant now = context.clock.now();
    const Call call{std::min(now + ready_try_max, context.call.deadline),
                    context.call.cancellation};
    const auto answer =
        co_await context.host.connect_tcp(config.ready_host, config.ready_port, call);
    if (answer) co_return Status{};
    if (answer.error().code == Code::cancelled) co_return std::unexpected(answer.error());
    const Instant next = context.clock.now() + ready_pause;
    const auto end = co_await ends_before(config.start.front(), program, next, context);
    if (end) co_return std::unexpected(*end);
    if (context.clock.now() >= context.call.deadline) {
      co_return numbered(
          Code::timed_out, number_timeout,
          fmt::format("Timeout occurred. {} runs, but port {} of {} does not accept connections.",
                      config.start.front(), config.ready_port, config.ready_host));
    }
  }
}

Task<Status> wait_until_ready(const Config& config, Context& context, RunningProgram& program) {
  if (config.ready_after > Duration::zero()) {
    const Instant until = context.clock.now() + config.ready_after;
    const auto end = co_await ends_before(config.start.front(), program, until, context);
    if (end) co_return std::unexpected(*end);
  }
  if (config.ready_port != 0) co_return co_await wait_for_port(config, context, program);
  co_return Status{};
}

Task<Status> start_resident(const Config& config, Context& context) {
  auto started = context.process.start(program_of(config, context, config.start));
  if (!started) co_return std::unexpected(start_error(config.start.front(), started.error()));
  context.kept.program = std::move(*started);
  const std::shared_ptr<RunningProgram> program = context.kept.program;
  Status ready = co_await wait_until_ready(config, context, *program);
  if (!ready) {
    context.process.kill_family(context.resource.value);
    context.kept.program = nullptr;
  }
  co_return ready;
}

// ---- Verbs.

Task<Status> activate(const Config& config, Context& context) {
  Status clean = co_await end_leftovers(context);
  if (!clean) co_return clean;
  if (config.mode == Mode::resident) co_return co_await start_resident(config, context);
  co_return co_await run_script(config, context, config.start,
                                program_of(config, context, config.start), context.call);
}

// The stop script gets half of what time there is: what it does not end in time must still be
// killed before the deadline.
Task<Status> run_stop_script(const Config& config, Context& context) {
  if (config.stop.empty()) co_return Status{};
  const Instant now = context.clock.now();
  const Call call{now + (context.call.deadline - now) / 2, context.call.cancellation};
  Program program = program_of(config, context, config.stop);
  program.environment["CLP_FACTOR"] = factor_word(context.facts.stop_cause);
  co_return co_await run_script(config, context, config.stop, std::move(program), call);
}

// There was nothing to stop, or the program is gone whatever its stop script said, or it is only
// the cleaning up before anything has been started.
bool stop_script_matters(const Config& config, const Context& context) {
  return config.mode == Mode::synchronous && context.facts.stop_cause != StopCause::cleanup;
}

Task<Status> deactivate(const Config& config, Context& context) {
  const bool none_left = context.process.members(context.resource.value).empty();
  if (config.mode == Mode::resident && none_left) co_return Status{};
  const Status stopped = co_await run_stop_script(config, context);
  const Instant now = context.clock.now();
  const Duration rest = std::max(context.call.deadline - now, Duration::zero());
  // SIGKILL needs some time of its own to take effect.
  const Instant kill_at = now + std::min(config.kill_after, rest * 3 / 4);
  const Status ended =
      co_await context.process.end_family(context.resource.value, kill_at, context.call);
  if (!ended) co_return ended;
  context.kept.program = nullptr;
  if (stopped) co_return Status{};
  if (stop_script_matters(config, context)) co_return stopped;
  context.warn(
      fmt::format("{}: the stop script failed; what was left was ended by signals. ({} : {})",
                  context.resource, stopped.error().number, stopped.error().message));
  co_return Status{};
}

Task<Health> check(const Config& config, Context& context) {
  if (config.mode == Mode::synchronous) co_return healthy();
  if (!context.process.members(context.resource.value).empty()) co_return healthy();
  co_return Health{
      Verdict::unhealthy, number_ended,
      fmt::format("The program ended by itself. No process of {} is left.", context.resource)};
}

Task<Error> watch(const Config& config, Context& context) {
  const std::shared_ptr<RunningProgram> program = context.kept.program;
  if (config.mode == Mode::synchronous || !program) {
    co_await wait_for_cancellation(context.call.cancellation);
    co_return Error{Code::cancelled, "no longer watched"};
  }
  while (true) {
    const auto end = co_await program->wait(context.call);
    if (end) co_return ended(config.start.front(), *end).error();
    if (end.error().code != Code::timed_out) co_return end.error();
  }
}

void release(const Config&, Context& context) {
  context.process.kill_family(context.resource.value);
}

// ---- Declaration.

void absolute_program(const Params& params, const char* key, std::vector<Contradiction>& found) {
  const auto& argv = std::get<std::vector<std::string>>(params.at(key));
  if (argv.empty() || argv.front().starts_with('/')) return;
  found.push_back(
      {key, fmt::format("\"{}\" is not an absolute path", argv.front()), "Begin it with \"/\"."});
}

std::vector<Contradiction> laws(const Params& params) {
  std::vector<Contradiction> found;
  absolute_program(params, "start", found);
  absolute_program(params, "stop", found);
  const bool resident = std::get<std::string>(params.at("mode")) == "resident";
  const bool has_port = std::get<std::int64_t>(params.at("ready_port")) != 0;
  const bool has_pause = std::get<Duration>(params.at("ready_after")) > Duration::zero();
  if (!resident && (has_port || has_pause)) {
    found.push_back({has_port ? "ready_port" : "ready_after",
                     "a synchronous script is ready when it has ended",
                     "Set mode = \"resident\", or take it away."});
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
      field(&Config::start, "start")
          .label("Start script")
          .help("Absolute path of the program that starts the service, and its arguments.")
          .required(),
      field(&Config::stop, "stop")
          .label("Stop script")
          .help("Absolute path of the program that stops it, and its arguments. A resident program "
                "needs none: it is ended by signals."),
      choice<Config, Mode>(&Config::mode, "mode",
                           {{"synchronous", Mode::synchronous}, {"resident", Mode::resident}})
          .label("Mode")
          .help("`synchronous`: the start script does its work and ends. `resident`: it is the "
                "service and stays; when it ends, that is noticed at once."),
      field(&Config::normal_values, "normal_values")
          .label("Normal return values")
          .help("The exit codes that mean success, such as [\"0\", \"2-10\"]."),
      field(&Config::ready_after, "ready_after")
          .label("Ready after")
          .help("Resident: how long the program must have stayed alive to count as active.")
          .range(0s, 1h),
      field(&Config::ready_port, "ready_port")
          .label("Readiness port")
          .help("Resident: the program counts as active when this TCP port accepts a connection; "
                "0 = not asked.")
          .range(0, 65535),
      field(&Config::ready_host, "ready_host")
          .label("Readiness host")
          .help("Where the readiness port is.")
          .format(TextFormat::host),
      field(&Config::kill_after, "kill_after")
          .label("Kill after")
          .help("How long its programs have to end after SIGTERM before they are killed.")
          .range(0s, 1h),
      field(&Config::directory, "directory")
          .label("Working directory")
          .help("Where the scripts run; the script's own directory if left out.")
          .format(TextFormat::path),
      field(&Config::log_file, "log_file")
          .label("Log file")
          .help("Where what they print is kept; NAME.log in the log directory if left out.")
          .format(TextFormat::path),
      field(&Config::log_size_max, "log_size_max")
          .label("Log size")
          .help("How many bytes of log are kept before it is rotated.")
          .range(1'000, 999'999'999),
  };
}

std::vector<KnownProblem> problems() {
  return {
      {number_abnormal, "The script returned an abnormal value.",
       "The script ended with an exit code that is not among `normal_values`, or by a signal.",
       "Read the last lines of the resource's log. If the code means success, add it to "
       "`normal_values`."},
      {number_not_started, "The script could not be started.",
       "The file does not exist, is not executable, or its interpreter does not exist.",
       "Check the path, `chmod +x` and the first line of the script on this node."},
      {number_timeout, "Timeout occurred.",
       "The script did not end, or the readiness port did not open, within `activate_timeout` "
       "(`deactivate_timeout`).",
       "Read the resource's log. If the service is slow to start, make the time-out longer."},
      {number_ended, "The program ended by itself.", "A resident program ended or crashed.",
       "It is restarted automatically. Read the last lines of the resource's log."},
  };
}

std::string notes() {
  return "A script finds in its environment:\n\n"
         "- `CLP_EVENT`: START, or FAILOVER when the group's former node failed.\n"
         "- `CLP_FACTOR` (stop script only): GROUPSTOP, GROUPMOVE, GROUPFAILOVER, RESOURCERESTART "
         "or SERVERSHUTDOWN.\n"
         "- `CLP_SERVER`: HOME on the best node of the failover policy, else OTHER.\n"
         "- `CLP_PRIORITY`: this node's place in the policy, from 1.\n"
         "- `CLP_SERVER_PREV`: the node that ran the group before, if known.\n"
         "- `CLP_GROUPNAME`, `CLP_RESOURCENAME`, `CLP_SCRIPT_PATH` (the script's directory).\n"
         "- `CLP_DISK`: SUCCESS.\n"
         "- `MAINSTAY_NODE`, `MAINSTAY_TERM`: this node, and the number of the activation, which "
         "rises with each.\n\n"
         "`activate_timeout` and `deactivate_timeout` are the scripts' time-outs. Deactivation "
         "runs "
         "the stop script for at most half of its time, then ends what is left with SIGTERM and, "
         "after `kill_after`, with SIGKILL. Before the daemon has started anything, stop scripts "
         "of synchronous resources are run once to clean up; that they find nothing is no error.\n";
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "scriptw";
  check.title = "Script monitor";
  check.summary =
      "Notices at once when the resident program of a `script` resource ends, and looks for it on "
      "its schedule besides. Added by itself with every resident script.";
  check.interval = 60s;
  check.timeout = 60s;
  check.retries = 0;
  check.problems = {{number_ended, "The program ended by itself.",
                     "The resident program ended or crashed.",
                     "It is restarted automatically. Read the last lines of the resource's log."}};
  check.applies = [](const Params& params) {
    return std::get<std::string>(params.at("mode")) == "resident";
  };
  return check;
}

}  // namespace

ResourceType script_resource() {
  TypeSchema schema;
  schema.type = "script";
  schema.title = "Script";
  schema.summary =
      "Runs scripts of your own: one that starts a service and one that stops it, or a program "
      "that stays and is watched.";
  schema.fields = fields();
  schema.problems = problems();
  schema.check = check_schema();
  schema.laws = laws;
  schema.notes = notes();
  schema.example =
      "[[resource]]\n"
      "name = \"script1\"\n"
      "type = \"script\"\n"
      "group = \"failover1\"\n"
      "mode = \"resident\"\n"
      "start = [\"/opt/web/serve\", \"--port\", \"80\"]\n"
      "ready_port = 80\n";
  Resource<Config> type;
  type.schema = std::move(schema);
  type.activate = activate;
  type.deactivate = deactivate;
  type.check = check;
  type.watch = watch;
  type.release = release;
  return type;
}

}  // namespace mainstay
