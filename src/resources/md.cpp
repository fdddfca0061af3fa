// Mirror disk: this node's copy of a mirror is made the one that the application uses, and its file
// system is mounted.
#include "resources/md.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/sabotage.h"

namespace mainstay::md {
namespace {

// An engine that was started with the daemon, or restarted after a crash, answers within this.
constexpr Duration engine_patience = 10s;
// One that does not run holds nothing; it is given this long to begin, since it may.
constexpr Duration absence_patience = 2s;
constexpr Duration look_pause = 200ms;
constexpr Duration watch_pause = 1s;
constexpr Duration answer_max = 5s;

Call limited(const Context& context, Duration limit) {
  return md::limited(context, context.call, limit);
}

// The engine is not there, or cut its answer off: ask again. Everything here may be asked twice.
bool passing(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::outcome_unknown;
}

Error promotion_refused(const Context& context, const Error& error) {
  switch (error.code) {
    case Code::conflict:
      return {
          Code::conflict,
          fmt::format("The copy on {} cannot be used: {}. The group starts where the latest copy "
                      "is; see 'mainstay mirror status'.",
                      context.node, error.message),
          number_not_latest};
    case Code::timed_out:
    case Code::outcome_unknown:
      return {
          error.code,
          fmt::format("Timeout occurred. The mirror could not be made ready: {}", error.message),
          number_timeout};
    default:
      return {error.code,
              fmt::format("The engine of mirror {} does not answer on {}. {} See the log of "
                          "mainstayd for why it ended.",
                          context.resource, context.node, error.message),
              number_no_engine};
  }
}

// An engine that is about to begin is waited for.
Task<Status> promote(Context& context) {
  const Instant patience = context.clock.now() + engine_patience;
  while (true) {
    const Status done =
        co_await context.mirror.promote(context.resource.value, context.term, context.call);
    if (done) co_return done;
    const Error& error = done.error();
    if (sabotaged(Sabotage::refused_copy_used) && error.code == Code::conflict) co_return Status{};
    const Instant next = context.clock.now() + look_pause;
    const bool late = error.code == Code::unavailable && next > patience;
    if (!passing(error) || late || next >= context.call.deadline) {
      co_return std::unexpected(promotion_refused(context, error));
    }
    co_await pause_until(context, next);
    if (context.call.cancellation.requested()) co_return failure(Code::cancelled, "called off");
  }
}

Task<Result<std::string>> device_of(Context& context) {
  while (true) {
    const Call call = limited(context, answer_max);
    const auto status = co_await context.mirror.status(context.resource.value, call);
    if (status && !status->device.empty()) co_return status->device;
    const Instant next = context.clock.now() + look_pause;
    if (context.call.cancellation.requested()) co_return failure(Code::cancelled, "called off");
    if (next >= context.call.deadline) {
      co_return numbered(
          Code::timed_out, number_device,
          fmt::format("The device of mirror {} does not appear. {}", context.resource,
                      status ? "Its engine has none." : status.error().message));
    }
    co_await pause_until(context, next);
  }
}

// Nothing: nothing is mounted there.
Result<std::optional<MountEntry>> mounted(const Config& config, Context& context) {
  if (config.file_system == FileSystem::none) return std::nullopt;
  return context.mounts.mounted_at(config.mount_point);
}

Task<Status> activate(const Config& config, Context& context) {
  const Status promoted = co_await promote(context);
  if (!promoted) co_return promoted;
  context.progress(fmt::format("primary at term {}", context.term));
  const auto device = co_await device_of(context);
  if (!device) co_return std::unexpected(device.error());
  if (config.file_system == FileSystem::none) co_return Status{};
  const auto before = mounted(config, context);
  if (!before) co_return std::unexpected(before.error());
  if (*before && (*before)->source == *device) co_return Status{};
  if (*before) {
    co_return numbered(Code::conflict, number_mount,
                       fmt::format("{} is mounted on {} already. Unmount it, or choose another "
                                   "mount point.",
                                   (*before)->source, config.mount_point));
  }
  const Status placed = co_await put_in_place(config, *device, context);
  if (placed) context.progress(fmt::format("{} mounted on {}", *device, config.mount_point));
  co_return placed;
}

// ---- Down.

// Whoever still uses it is asked to end, then killed.
Task<void> make_free(const Config& config, int attempt, Context& context) {
  const auto force = attempt == 0 ? Mounts::Force::ask : Mounts::Force::kill;
  const std::string who = co_await held_by(config, context);
  const auto ended = co_await context.mounts.end_holders(config.mount_point, force, context.call);
  if (!ended || *ended == 0) co_return;
  context.warn(fmt::format("{}: {} is in use by {}: {}", context.resource, config.mount_point, who,
                           attempt == 0 ? "asked to end" : "killed"));
}

// Leaves a third of the time for taking the device away: a file system whose writes are not
// answered any more cannot be unmounted before that.
Task<Status> unmount(const Config& config, Context& context) {
  const Duration whole = context.call.deadline - context.clock.now();
  const Call call = limited(context, whole * 2 / 3);
  Status last = numbered(
      Code::timed_out, number_timeout,
      fmt::format("Timeout occurred. There is no time to unmount {}.", config.mount_point));
  for (int attempt = 0; attempt <= config.unmount_retries; ++attempt) {
    const auto entry = mounted(config, context);
    if (!entry) co_return std::unexpected(entry.error());
    if (!*entry) co_return Status{};
    if (context.clock.now() >= call.deadline) break;
    last = co_await unmount_once(config, call, context);
    if (last) {
      attempt = -1;  // There may be another one below it.
      continue;
    }
    if (context.call.cancellation.requested()) break;
    if (config.unmount_action == Unmount::kill) co_await make_free(config, attempt, context);
    const Duration pause = std::min(config.unmount_interval, whole / 10);
    co_await pause_until(context, std::min(context.clock.now() + pause, call.deadline));
  }
  const std::string who = co_await held_by(config, context);
  if (last || who.empty()) co_return last;
  Error error = last.error();
  error.message += fmt::format(" It is in use by {}.", who);
  co_return std::unexpected(error);
}

// An engine that does not run uses nothing: whoever starts it starts it as a secondary.
Task<Status> demote(Mirror::Demotion how, Context& context) {
  const Instant patience = context.clock.now() + absence_patience;
  while (true) {
    const Status done = co_await context.mirror.demote(context.resource.value, how, context.call);
    if (done) co_return done;
    const Error& error = done.error();
    const Instant next = context.clock.now() + look_pause;
    if (error.code == Code::unavailable && next > patience) {
      context.warn(fmt::format("{}: no engine runs, so there is nothing to stop: {}",
                               context.resource, error.message));
      co_return Status{};
    }
    if (!passing(error) || next >= context.call.deadline) {
      co_return numbered(
          error.code, number_unmount,
          fmt::format("The mirror's device cannot be taken away. {}", error.message));
    }
    co_await pause_until(context, next);
    if (context.call.cancellation.requested()) co_return failure(Code::cancelled, "called off");
  }
}

// A file system that waits for writes which cannot be acknowledged any more is freed of them when
// its device is taken away: they fail.
Task<Status> deactivate(const Config& config, Context& context) {
  const Status unmounted = co_await unmount(config, context);
  if (unmounted) co_return co_await demote(Mirror::Demotion::orderly, context);
  if (config.unmount_action == Unmount::ask_only) co_return unmounted;
  const Status demoted = co_await demote(Mirror::Demotion::forced, context);
  if (!demoted) co_return demoted;
  context.warn(fmt::format("{}: its device was taken from those who used it: {}", context.resource,
                           unmounted.error().message));
  const Status again = co_await unmount_once(config, context.call, context);
  if (again) co_return again;
  // What is left is a mount without a device: nothing can be written through it.
  co_return unmounted;
}

// ---- Looking.

Health bad(int number, std::string message) {
  return {Verdict::unhealthy, number, std::move(message)};
}

Health judge_mount(const Config& config, const MirrorStatus& status, Context& context) {
  const auto entry = mounted(config, context);
  if (!entry) return {Verdict::unknown, number_not_mounted, entry.error().message};
  if (!*entry || (*entry)->source != status.device) {
    return bad(number_not_mounted, fmt::format("The mirror disk is not mounted. {} is not on {}.",
                                               status.device, config.mount_point));
  }
  const bool meant = config.mount_options.starts_with("ro");
  if ((*entry)->read_only && !meant) {
    return bad(number_read_only,
               fmt::format("The file system on {} can only be read. It met an error; the kernel's "
                           "log says which.",
                           config.mount_point));
  }
  return healthy();
}

Task<Health> check(const Config& config, Context& context) {
  const auto status = co_await context.mirror.status(context.resource.value, context.call);
  if (!status) {
    const Error& error = status.error();
    const bool gone = error.code == Code::unavailable;
    if (gone) {
      co_return bad(number_no_engine,
                    fmt::format("The engine of the mirror does not run. {}", error.message));
    }
    co_return Health{Verdict::unknown, number_timeout,
                     fmt::format("Timeout occurred. {}", error.message)};
  }
  if (status->role == MirrorRole::broken || status->own == CopyState::failed) {
    co_return bad(number_device, fmt::format("The disk of this copy failed. {}", status->trouble));
  }
  if (status->role == MirrorRole::opening || status->role == MirrorRole::promoting) {
    co_return Health{Verdict::unknown, number_timeout,
                     "The engine was restarted, and takes the mirror up again."};
  }
  if (status->role != MirrorRole::primary) {
    co_return bad(number_not_primary, fmt::format("This copy is {} and not the primary. {}",
                                                  to_text(status->role), status->trouble));
  }
  if (config.file_system == FileSystem::none) co_return healthy();
  co_return judge_mount(config, *status, context);
}

// A mirror that has grown since it was made may be larger than its file system. `filled`: what that
// was already told to fill.
Task<void> fill(const Config& config, const MirrorStatus& status, std::uint64_t& filled,
                Context& context) {
  const bool grown = status.role == MirrorRole::primary && status.grown_from != 0;
  if (config.file_system == FileSystem::none || !grown || status.device.empty()) co_return;
  if (status.size <= filled) co_return;
  const auto entry = mounted(config, context);
  if (!entry || !*entry || (*entry)->source != status.device) co_return;
  filled = status.size;
  const Status done = co_await fill_device(config, status.device, context);
  if (done || context.call.cancellation.requested()) co_return;
  context.warn(
      fmt::format("{}: the mirror has {} bytes, but its file system could not be made as "
                  "large: {} Grow it by hand.",
                  context.resource, filled, done.error().message));
}

// An engine that was restarted is a secondary again, while the application waits for its device: it
// is made primary at the same term, unless another node has gone on meanwhile.
Task<Error> watch(const Config& config, Context& context) {
  std::uint64_t filled = 0;
  while (true) {
    co_await pause_until(context, context.clock.now() + watch_pause);
    if (context.call.cancellation.requested()) co_return Error{Code::cancelled, "not watched"};
    const auto status =
        co_await context.mirror.status(context.resource.value, limited(context, answer_max));
    if (!status) continue;
    co_await fill(config, *status, filled, context);
    if (status->role != MirrorRole::secondary) continue;
    const Status again = co_await context.mirror.promote(context.resource.value, context.term,
                                                         limited(context, engine_patience));
    if (again) {
      context.warn(fmt::format("{}: its engine was restarted, and is primary again at term {}",
                               context.resource, context.term));
    } else if (again.error().code == Code::conflict) {
      co_return promotion_refused(context, again.error());
    }
  }
}

Task<Result<std::string>> behind(const Config&, Context& context) {
  const auto status = co_await context.mirror.status(context.resource.value, context.call);
  if (!status) co_return std::unexpected(status.error());
  const bool used = status->role != MirrorRole::secondary && status->role != MirrorRole::broken;
  const bool good = status->own == CopyState::up_to_date || status->own == CopyState::unknown;
  if (used || good) co_return "";
  co_return fmt::format("the copy of {} there is {}", context.resource, to_text(status->own));
}

}  // namespace

Call limited(const Context& context, const Call& call, Duration limit) {
  return Call(std::min(call.deadline, context.clock.now() + limit), call.cancellation);
}

std::unexpected<Error> numbered(Code code, int number, std::string message) {
  return std::unexpected(Error{code, std::move(message), number});
}

}  // namespace mainstay::md

namespace mainstay {

ResourceType md_resource() {
  Resource<md::Config> type;
  type.schema = md::schema();
  type.activate = md::activate;
  type.deactivate = md::deactivate;
  type.check = md::check;
  type.watch = md::watch;
  type.behind = md::behind;
  return type;
}

}  // namespace mainstay
