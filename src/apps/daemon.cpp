// The order of the members is the order in which things need each other; they go in reverse.
#include "apps/daemon.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <fmt/format.h>

#include "adapters/aws/connection.h"
#include "adapters/history/history.h"
#include "adapters/linux/clock.h"
#include "adapters/linux/file_store.h"
#include "adapters/linux/host.h"
#include "adapters/linux/mounts.h"
#include "adapters/linux/network.h"
#include "adapters/linux/notify.h"
#include "adapters/linux/process.h"
#include "adapters/linux/resolver.h"
#include "adapters/linux/watchdog.h"
#include "apps/arbiter_link.h"
#include "apps/aws_link.h"
#include "apps/checkup.h"
#include "apps/chronicle.h"
#include "apps/door.h"
#include "apps/loaded_store.h"
#include "apps/mirror_engines.h"
#include "apps/told_arbiter.h"
#include "apps/version.h"
#include "catalog/catalog.h"
#include "config/difference.h"
#include "config/iam_policy.h"
#include "config/print.h"

namespace mainstay::apps {
namespace {

using namespace adapters;

// An answer to another node that is still on its way when the node has stopped gets this long.
constexpr Duration farewell = 300ms;
// What of a departure is not over by then is broken off, and what of a hurried one.
constexpr Duration departure_grace = 10s;
// How much longer than that the service manager is to wait.
constexpr Duration manager_grace = 10s;
// The API's threads end within their shortest wait; this is for one that hangs.
constexpr Duration door_patience = 10s;
// The mirrors' engines take their devices away, and are killed after it.
constexpr Duration engines_patience = 5s;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  // Without it (an ancient kernel) the process number still keeps two nodes apart.
  if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
    seed = static_cast<std::uint64_t>(getpid());
  return seed;
}

// Threads inherit this. One that did not (the log's) would be given the signal, and end us with it.
void hold_signals() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&held, signal);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

NetworkConfig network_config(const Preparation& prepared) {
  const auto& config = *prepared.config;
  NetworkConfig network{.cluster = config.name, .self = prepared.self, .key = prepared.key};
  for (const auto& node : config.nodes) {
    auto& addresses = network.nodes[node.name];
    for (const auto& path : config.paths) addresses.push_back(path.addresses.at(node.name));
  }
  network.datagram_port = static_cast<std::uint16_t>(config.ports.heartbeat);
  network.stream_port = static_cast<std::uint16_t>(config.ports.control);
  return network;
}

std::string explain(const std::string& ours, std::string_view theirs) {
  std::string text;
  for (const auto& each : difference(ours, theirs)) {
    text += (text.empty() ? "" : "; ") + to_text(each, NodeName("the other"));
  }
  return text;
}

// In the lab the last actions end the instance only; everywhere else they must have been allowed.
bool halting_allowed(const DaemonOptions& options) {
  return options.may_halt || std::getenv("MAINSTAY_LAB") != nullptr;
}

// A peer has fallen silent: what AWS will be asked then must not wait for credentials, a name or a
// connection. The core says so in the words that it has for people; it has no others.
bool announces_failover(const Action& action) {
  const auto* note = std::get_if<Note>(&action);
  return note != nullptr && note->text.starts_with("alive → suspect");
}

std::optional<GroupName> loses_permission(const Action& action) {
  const auto* stop = std::get_if<DeactivateResource>(&action);
  if (stop == nullptr || stop->reason != StopReason::permission_ended) return std::nullopt;
  return stop->group;
}

api::Counter drop_counter(const LinuxNetwork& network) {
  api::Counter counter{"mainstay_packets_dropped_total",
                       "Datagrams and connections that were refused, by reason.",
                       "reason",
                       {}};
  for (std::size_t kind = 0; kind < drop_kinds; ++kind) {
    std::string reason(to_text(static_cast<Drop>(kind)));
    std::ranges::replace(reason, ' ', '_');
    counter.values[reason] =
        network.datagrams_dropped()[kind] + network.stream_counts().refused[kind];
  }
  counter.values["not_sent"] = network.datagrams_not_sent();
  counter.values["message_queue_full"] = network.stream_counts().messages_dropped;
  return counter;
}

}  // namespace

struct Daemon::Impl {
  Preparation prepared;
  Log log{Log::form()};
  Chronicle chronicle{log, prepared.self};
  WallTime started_at =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Loop loop;
  LinuxClock clock{loop};
  std::optional<Notifier> notifier;
  FileStore file_store{loop, prepared.options.state_directory};
  LoadedStore store{file_store};
  std::optional<History> history;
  std::unique_ptr<LinuxNetwork> network;
  std::optional<LinuxProcess> process;
  LinuxHost host{loop};
  LinuxResolver resolver{loop};
  LinuxMounts mounts{loop};
  std::unique_ptr<aws::Connection> aws;
  bool asks_aws = !iam_policy(*prepared.config, catalog(), {}, PolicyUse::failover).empty();
  ArbiterLink arbiter;
  std::optional<MirrorEngines> mirrors;
  std::optional<LinuxPower> power;
  std::unique_ptr<NodeDriver> driver;
  std::unique_ptr<Door> door;
  std::optional<Checkup> checkup;
  int terminations = 0;
  TimerId departure_timer = 0;
  int exit_code = 0;

  explicit Impl(Preparation given) : prepared(std::move(given)) {}

  void say(Severity severity, const std::string& text) {
    chronicle.say(severity, prepared.self.value, text);
  }

  void take_signals() {
    for (const int signal : {SIGTERM, SIGINT}) {
      loop.on_signal(signal, [this] { on_terminate(); });
    }
    loop.on_signal(SIGHUP, [this] {
      say(Severity::information,
          "SIGHUP changes nothing: the configuration is read at start in this release");
    });
  }

  Status open_notifier() {
    auto opened = Notifier::open(Notifier::environment());
    if (!opened) return std::unexpected(opened.error());
    notifier.emplace(std::move(*opened));
    return {};
  }

  Status open_state() {
    if (auto loaded = store.load_now(); !loaded) return loaded;
    history.emplace(prepared.options.state_directory + "/history.db", HistoryLimits{});
    chronicle.keep_in(&*history);
    if (!file_store.notice().empty()) say(Severity::warning, file_store.notice());
    for (const auto& trouble : history->troubles()) say(Severity::warning, trouble);
    std::error_code error;
    std::filesystem::create_directories(prepared.options.log_directory, error);
    if (!error) return {};
    return failure(Code::denied, fmt::format("the log directory {}: {}",
                                             prepared.options.log_directory, error.message()));
  }

  Status open_world() {
    auto opened = LinuxNetwork::open(loop, network_config(prepared));
    if (!opened) return std::unexpected(opened.error());
    network = std::move(*opened);
    process.emplace(loop, Families::Settings{.cluster = prepared.config->name,
                                             .node = prepared.self.value,
                                             .cgroup = own_cgroup()});
    auto connection = open_aws(prepared.config->aws, clock, loop, Random(random_seed()));
    if (!connection) return std::unexpected(connection.error());
    aws = std::move(*connection);
    if (auto linked = reach_arbiter(); !linked) return linked;
    if (auto begun = open_mirrors(); !begun) return begun;
    const auto& device = prepared.options.watchdog_device;
    power.emplace(
        loop, *notifier,
        PowerSettings{
            .halts = real_halts(this_place(halting_allowed(prepared.options)), real_means()),
            .stop_service = [this] { on_stopped(); },
            .device = device.empty() ? WatchdogDevice{} : watchdog_device(device),
            .tell = [this](const std::string& text) { say(Severity::error, text); }});
    return {};
  }

  Status open_mirrors() {
    const auto place = std::filesystem::path(prepared.options.socket).parent_path() / "mirror";
    auto plans = mirror_plans(*prepared.config, prepared.self, place.string());
    if (!plans) return std::unexpected(plans.error());
    mirrors.emplace(MirrorEngines::Parts{
        .loop = loop,
        .clock = clock,
        .process = *process,
        .arbiter = arbiter.arbiter.get(),
        .plans = std::move(*plans),
        .program = engine_program(),
        .directory = place.string(),
        .log_directory = prepared.options.log_directory,
        .grace = prepared.config->timing.stop_margin / 4,
        .tell = [this](Severity severity, const std::string& subject, const std::string& text) {
          chronicle.say(severity, subject, text);
        }});
    return mirrors->start();
  }

  Status reach_arbiter() {
    auto linked = link_arbiter(*prepared.config, clock, *aws);
    if (!linked) return std::unexpected(linked.error());
    arbiter = std::move(*linked);
    if (!arbiter.arbiter) return {};
    arbiter.arbiter = std::make_unique<ToldArbiter>(
        std::move(arbiter.arbiter),
        [this](Severity severity, const std::string& text) { say(severity, text); });
    return {};
  }

  Status open_driver() {
    const std::string canonical = print_config(*prepared.config, catalog());
    driver = std::make_unique<NodeDriver>(
        NodeSetup{.config = prepared.config,
                  .config_text = canonical,
                  .explain_difference =
                      [canonical](std::string_view theirs) { return explain(canonical, theirs); },
                  .self = prepared.self,
                  .seed = random_seed(),
                  .log_directory = prepared.options.log_directory},
        NodePorts{clock, *network, store, *process, host, aws->aws(), resolver, mirrors->port(),
                  mounts, *power, arbiter.arbiter.get(),
                  [this](const std::string& role) -> Aws& { return aws->aws_as(role); }},
        NodeObserver{.on_event = {}, .on_action = [this](const Action& action, Instant) {
                       chronicle.on_action(action);
                       if (asks_aws && announces_failover(action)) aws->warm();
                       if (const auto group = loses_permission(action))
                         mirrors->permission_ended(*group);
                     }});
    driver->on_stopped([this] { on_stopped(); });
    auto opened = Door::open({.loop = loop,
                              .clock = clock,
                              .driver = *driver,
                              .history = *history,
                              .config = prepared.config,
                              .self = prepared.self,
                              .version = version,
                              .daemon_status = [this] { return daemon_status(); },
                              .order_mirror =
                                  [this](const ResourceName& mirror, MirrorOrder order,
                                         Duration wait, std::function<void(Status)> done) {
                                    mirrors->order(mirror, order, wait, std::move(done));
                                  }},
                             prepared.options.socket);
    if (!opened) return std::unexpected(opened.error());
    door = std::move(*opened);
    return {};
  }

  Status open_checkup() {
    if (!wants_checkup(*prepared.config, catalog())) return {};
    checkup.emplace(Checkup::Parts{
        .clock = clock,
        .world = {aws->aws(), aws->survey(), host, resolver,
                  [this](const std::string& role) {
                    return doctor::Rights{aws->aws_as(role), aws->survey_as(role)};
                  }},
        .config = prepared.config,
        .catalog = catalog(),
        .self = prepared.self,
        .random = Random(random_seed()),
        .say = [this](Severity severity, const std::string& subject, const std::string& text) {
          chronicle.say(severity, subject, text);
        }});
    checkup->start();
    return {};
  }

  api::DaemonStatus daemon_status() const {
    api::DaemonStatus status{.version = version, .pid = getpid(), .started = started_at};
    status.now = clock.wall();
    status.monotonic_ns = monotonic_ns();
    status.last_event = history->last_event();
    status.troubles = history->troubles();
    if (checkup) status.doctor = checkup->status();
    status.counters = chronicle.counters();
    status.mirrors = mirrors->reports();
    status.counters.push_back(drop_counter(*network));
    status.counters.push_back({"mainstay_history_lost_total",
                               "Records that are missing from the event history.",
                               "",
                               {{"", history->lost()}}});
    return status;
  }

  // By the shutdown policy; a second time: in a hurry; a third time: at once.
  void on_terminate() {
    if (++terminations > 2) return stop_at_once("asked to stop a third time");
    const bool first = terminations == 1;
    const Duration patience =
        departure_grace + (first ? driver->status().shutdown.policy.timeout : Duration::zero());
    notifier->stopping_within(patience + manager_grace);
    say(first ? Severity::information : Severity::warning,
        first ? "asked to stop: handing over and stopping everything in order"
              : "asked to stop again: what still runs is killed");
    clock.cancel(departure_timer);
    departure_timer = clock.call_at(clock.now() + patience, [this] {
      stop_at_once("not everything could be stopped in time");
    });
    driver->ask(EndNode{}, [this](const Status& done) {
      if (!done) say(Severity::error, "could not stop in order: " + done.error().message);
    });
  }

  // Nothing of ours may run on where the others believe that nothing does. They do not believe it
  // yet: this node has not resigned.
  void stop_at_once(const char* why) {
    say(Severity::error, fmt::format("{}: ending now, programs are killed", why));
    for (const auto& group : prepared.config->groups) {
      for (const auto& resource : group.resources) process->kill_family(resource.name.value);
    }
    exit_code = 1;
    loop.stop();
  }

  void on_stopped() {
    if (door->unanswered() == 0) return loop.stop();
    clock.call_at(clock.now() + farewell, [this] { loop.stop(); });
  }

  // Nothing uses them any more. After a stop that was broken off something may: it goes with us.
  void stop_mirrors() {
    Task<Status> stopping = mirrors->stop(Call(loop.now() + engines_patience));
    stopping.start();
    loop.run_until([&stopping] { return stopping.done(); }, loop.now() + 2 * engines_patience);
    if (!stopping.done() || !stopping.take()) {
      say(Severity::error, "the mirrors' engines do not end");
    }
  }

  void close() {
    bool door_closed = false;
    checkup.reset();
    history->close();
    door->close([&door_closed] { door_closed = true; });
    driver.reset();
    stop_mirrors();
    if (!loop.run_until([&door_closed] { return door_closed; }, loop.now() + door_patience)) {
      say(Severity::error, "the API's threads do not end; leaving without them");
      _exit(1);
    }
  }
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(Preparation prepared) {
  hold_signals();
  auto impl = std::make_unique<Impl>(std::move(prepared));
  impl->take_signals();
  for (const auto step : {&Impl::open_notifier, &Impl::open_state, &Impl::open_world,
                          &Impl::open_driver, &Impl::open_checkup}) {
    if (auto done = ((*impl).*step)(); !done) return std::unexpected(done.error());
  }
  const auto& options = impl->prepared.options;
  impl->say(Severity::information,
            fmt::format("mainstayd {} starts as node {} of cluster {}, configuration {}", version,
                        impl->prepared.self, impl->prepared.config->name, options.config));
  if (auto started = impl->driver->start(); !started) return std::unexpected(started.error());
  impl->notifier->ready();
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

int Daemon::run() {
  impl_->loop.run();
  impl_->close();
  return impl_->exit_code;
}

}  // namespace mainstay::apps
