#include "apps/mirror_engines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "adapters/mirror/record_server.h"

namespace mainstay::apps {
namespace {

constexpr Duration look_interval = 500ms;
constexpr Duration look_max = 2s;
constexpr Duration restart_pause_min = 500ms;
constexpr Duration restart_pause_max = 15s;
// An engine that ran this long did not end because it was started.
constexpr Duration settled_after = 60s;

// No resource has such a name, so no resource's programs are in this family.
std::string family_of(const ResourceName& mirror) { return mirror.value + "@engine"; }

Status write_file(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  if (out) return {};
  return failure(Code::denied, fmt::format("{} cannot be written", file));
}

std::string done_text(MirrorOrder order) {
  if (order != MirrorOrder::force) return fmt::format("by order: {}", to_text(order));
  return "by order: force. The copy on this node counts, and what only the other one had is given "
         "up";
}

std::string description(const ProgramEnd& end) {
  std::string text = end.signal != 0 ? fmt::format("was killed by signal {}", end.signal)
                                     : fmt::format("returned {}", end.exit_code);
  return end.last_line.empty() ? text : fmt::format("{}: {}", text, end.last_line);
}

}  // namespace

struct MirrorEngines::Engine {
  MirrorPlan plan;
  std::string config_file;
  bool inherited = false;  // from an earlier daemon
  bool running = false;
  Instant started;
  Instant start_at;
  Duration pause = restart_pause_min;
  bool looking = false;
  std::unique_ptr<adapters::RecordServer> record;
  bool record_ended = false;
  bool taking_away = false;
  api::MirrorReport report;
};

MirrorEngines::MirrorEngines(Parts parts)
    : parts_(std::move(parts)), client_(parts_.loop, parts_.directory) {
  for (MirrorPlan& plan : parts_.plans) {
    Engine& engine = engines_.emplace_back();
    engine.report.mirror = plan.mirror;
    engine.report.group = plan.group;
    engine.report.why = "the engine has not been asked yet";
    engine.plan = std::move(plan);
  }
}

MirrorEngines::~MirrorEngines() {
  parts_.clock.cancel(timer_);
  lifetime_.request();
}

Status MirrorEngines::start() {
  if (engines_.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(parts_.directory, error);
  if (!error) {
    std::filesystem::permissions(parts_.directory, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return failure(Code::denied, fmt::format("the directory of the mirrors' engines, {}: {}",
                                             parts_.directory, error.message()));
  }
  for (Engine& engine : engines_) {
    engine.config_file = fmt::format("{}/{}.toml", parts_.directory, engine.plan.mirror);
    if (auto written = write_file(engine.config_file, engine.plan.engine_config); !written) {
      return written;
    }
    engine.inherited = !parts_.process.members(family_of(engine.plan.mirror)).empty();
    engine.start_at = parts_.clock.now();
  }
  tick();
  return {};
}

void MirrorEngines::tick() {
  std::erase_if(errands_, [](const Task<void>& task) { return task.done(); });
  for (Engine& engine : engines_) look_after(engine);
  timer_ = parts_.clock.call_at(parts_.clock.now() + look_interval, [this] { tick(); });
}

void MirrorEngines::look_after(Engine& engine) {
  if (engine.inherited) {
    engine.inherited = !parts_.process.members(family_of(engine.plan.mirror)).empty();
  }
  const bool there = engine.inherited || engine.running;
  if (!there && !stopping_ && parts_.clock.now() >= engine.start_at) begin(engine);
  serve_record(engine);
  if (engine.looking) return;
  engine.looking = true;
  errands_.push_back(look_at(engine));
  errands_.back().start();
}

void MirrorEngines::begin(Engine& engine) {
  Program program;
  program.argv = {parts_.program, "--config", engine.config_file};
  program.directory = "/";
  program.family = family_of(engine.plan.mirror);
  program.log_file = fmt::format("{}/{}.engine.log", parts_.log_directory, engine.plan.mirror);
  auto started = parts_.process.start(program);
  if (!started) {
    parts_.tell(Severity::error, engine.plan.mirror.value,
                fmt::format("its engine cannot be started: {}", started.error().message));
    engine.start_at = parts_.clock.now() + restart_pause_max;
    return;
  }
  engine.running = true;
  engine.started = parts_.clock.now();
  errands_.push_back(wait_for_end(engine, std::move(*started)));
  errands_.back().start();
}

Task<void> MirrorEngines::wait_for_end(Engine& engine, std::shared_ptr<RunningProgram> program) {
  const Call call(never, lifetime_);
  const auto end = co_await program->wait(call);
  if (lifetime_.requested()) co_return;
  engine.running = false;
  const bool settled = parts_.clock.now() - engine.started > settled_after;
  engine.pause = settled ? restart_pause_min : std::min(engine.pause * 2, restart_pause_max);
  engine.start_at = parts_.clock.now() + engine.pause;
  if (stopping_) co_return;
  parts_.tell(Severity::error, engine.plan.mirror.value,
              fmt::format("its engine ended: mainstay-mirrord {}. It is started again in {}",
                          end ? description(*end) : end.error().message, to_text(engine.pause)));
}

// The engine's word of the record is the arbiter's, as long as somebody serves it.
void MirrorEngines::serve_record(Engine& engine) {
  if (std::exchange(engine.record_ended, false)) engine.record.reset();
  const bool there = engine.inherited || engine.running;
  if (parts_.arbiter == nullptr || engine.record || !there) return;
  const std::string& name = engine.plan.mirror.value;
  auto served = adapters::RecordServer::connect(
      parts_.loop, *parts_.arbiter, adapters::control_socket(parts_.directory, name),
      "mirror/" + name, [&engine] { engine.record_ended = true; });
  if (served) engine.record = std::move(*served);
}

Task<void> MirrorEngines::look_at(Engine& engine) {
  const Call call(parts_.clock.now() + look_max, lifetime_);
  auto status = co_await client_.status(engine.plan.mirror.value, call);
  if (lifetime_.requested()) co_return;
  engine.looking = false;
  engine.report.why = status ? "" : status.error().message;
  engine.report.status = status ? std::optional(std::move(*status)) : std::nullopt;
}

void MirrorEngines::order(const ResourceName& mirror, MirrorOrder order, Duration wait,
                          std::function<void(Status)> done) {
  const auto known =
      std::ranges::find(engines_, mirror, [](const Engine& engine) { return engine.plan.mirror; });
  if (known == engines_.end()) {
    return done(failure(Code::not_found,
                        fmt::format("{} is no mirror disk with a copy on this node", mirror)));
  }
  const Call call(parts_.clock.now() + wait, lifetime_);
  errands_.push_back(carry_out(mirror.value, order, call, std::move(done)));
  errands_.back().start();
}

Task<void> MirrorEngines::carry_out(std::string mirror, MirrorOrder order, Call call,
                                    std::function<void(Status)> done) {
  Status outcome = co_await client_.order(mirror, order, call);
  const bool routine = outcome && order != MirrorOrder::force;
  parts_.tell(routine ? Severity::information : Severity::warning, mirror,
              outcome ? done_text(order)
                      : fmt::format("the order {} is refused: {}", to_text(order),
                                    outcome.error().message));
  done(std::move(outcome));
}

void MirrorEngines::permission_ended(const GroupName& group) {
  for (Engine& engine : engines_) {
    if (engine.plan.group != group || engine.taking_away) continue;
    engine.taking_away = true;
    errands_.push_back(take_away(engine));
    errands_.back().start();
  }
}

Task<void> MirrorEngines::take_away(Engine& engine) {
  co_await sleep_until(parts_.clock, parts_.clock.now() + parts_.grace);
  const std::string& mirror = engine.plan.mirror.value;
  if (co_await is_used(mirror)) {
    const Call call(parts_.clock.now() + look_max, lifetime_);
    const Status taken = co_await client_.demote(mirror, Mirror::Demotion::forced, call);
    if (taken) {
      parts_.tell(Severity::warning, mirror,
                  "its device was taken away: this node may not run its group any more");
    } else if (co_await is_used(mirror)) {
      parts_.tell(Severity::error, mirror,
                  "its device cannot be taken away: " + taken.error().message);
    }
  }
  engine.taking_away = false;
}

Task<bool> MirrorEngines::is_used(std::string mirror) {
  const Call call(parts_.clock.now() + look_max, lifetime_);
  const auto status = co_await client_.status(mirror, call);
  co_return status && status->role != MirrorRole::secondary && !lifetime_.requested();
}

Task<Status> MirrorEngines::stop(Call call) {
  stopping_ = true;
  Status outcome;
  for (Engine& engine : engines_) {
    const std::string family = family_of(engine.plan.mirror);
    const Status ended = co_await parts_.process.end_family(family, call.deadline, call);
    if (!ended) outcome = ended;
  }
  co_return outcome;
}

std::vector<api::MirrorReport> MirrorEngines::reports() const {
  std::vector<api::MirrorReport> reports;
  for (const Engine& engine : engines_) reports.push_back(engine.report);
  return reports;
}

}  // namespace mainstay::apps
