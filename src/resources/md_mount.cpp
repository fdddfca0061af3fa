// The file system of a mirror disk: checked, mounted, unmounted.
#include <algorithm>
#include <iterator>
#include <ranges>

#include <fmt/format.h>

#include "resources/md.h"

namespace mainstay::md {
namespace {

// What e2fsck returns has these bits; below is well, or made well.
constexpr int fsck_errors_left = 4;
constexpr std::size_t holders_shown = 5;
constexpr Duration mount_pause = 200ms;

Program program_of(std::vector<std::string> argv, const Context& context) {
  Program program;
  program.argv = std::move(argv);
  program.directory = "/";
  program.family = context.resource.value;
  program.log_file = fmt::format("{}/{}.log", context.log_directory, context.resource);
  return program;
}

// The exit code; an error if the program could not be run to its end.
Task<Result<ProgramEnd>> run(std::vector<std::string> argv, int number, Call call,
                             Context& context) {
  const std::string name = argv.front();
  Program program = program_of(std::move(argv), context);
  auto end = co_await context.process.run(std::move(program), call);
  if (!end) {
    co_return numbered(end.error().code, number,
                       fmt::format("{} could not be run: {}", name, end.error().message));
  }
  if (end->timed_out) {
    co_return numbered(Code::timed_out, number_timeout,
                       fmt::format("Timeout occurred. {} did not end in time.", name));
  }
  if (end->signal != 0) {
    co_return numbered(Code::unavailable, number,
                       fmt::format("{} was killed by signal {}.", name, end->signal));
  }
  co_return end;
}

std::unexpected<Error> fsck_failed(const std::string& device, const ProgramEnd& end) {
  return numbered(Code::corrupt, number_fsck,
                  fmt::format("The file system on {} is damaged. {} Mend it by hand on the node "
                              "that has the latest copy.",
                              device, end.last_line));
}

Task<Status> check_ext4(const Config& config, const std::string& device, bool whole,
                        Context& context) {
  std::vector<std::string> argv = {"/usr/sbin/e2fsck", whole ? "-f" : "-p"};
  if (whole) std::ranges::copy(config.fsck_options, std::back_inserter(argv));
  argv.push_back(device);
  const Call call = limited(context, context.call, config.fsck_timeout);
  const auto end = co_await run(std::move(argv), number_fsck, call, context);
  if (!end) co_return std::unexpected(end.error());
  if (end->exit_code < fsck_errors_left) co_return Status{};
  if (whole || !config.repair) co_return fsck_failed(device, *end);
  context.warn(fmt::format("{}: the file system on {} needs more than a quick check: {}",
                           context.resource, device, end->last_line));
  co_return co_await check_ext4(config, device, true, context);
}

Task<Status> repair_xfs(const Config& config, const std::string& device, Context& context) {
  std::vector<std::string> argv = {"/usr/sbin/xfs_repair"};
  std::ranges::copy(config.xfs_repair_options, std::back_inserter(argv));
  argv.push_back(device);
  const Call call = limited(context, context.call, config.fsck_timeout);
  const auto end = co_await run(std::move(argv), number_fsck, call, context);
  if (!end) co_return std::unexpected(end.error());
  if (end->exit_code == 0) co_return Status{};
  co_return fsck_failed(device, *end);
}

Task<Status> mount_once(const Config& config, const std::string& device, Context& context) {
  const std::string type = config.file_system == FileSystem::xfs ? "xfs" : "ext4";
  std::vector<std::string> argv = {
      "/usr/bin/mount", "-t", type, "-o", config.mount_options, device, config.mount_point};
  const Call call = limited(context, context.call, config.mount_timeout);
  const auto end = co_await run(std::move(argv), number_mount, call, context);
  if (!end) co_return std::unexpected(end.error());
  if (end->exit_code == 0) co_return Status{};
  co_return numbered(
      Code::unavailable, number_mount,
      fmt::format("{} could not be mounted on {}. {}", device, config.mount_point, end->last_line));
}

Task<Status> mount(const Config& config, const std::string& device, Context& context) {
  Status last = co_await mount_once(config, device, context);
  for (int retry = 0; !last && retry < config.mount_retries; ++retry) {
    const Instant next = context.clock.now() + mount_pause;
    if (next >= context.call.deadline) break;
    co_await pause_until(context, next);
    if (context.call.cancellation.requested()) break;
    last = co_await mount_once(config, device, context);
  }
  co_return last;
}

Task<Status> repair(const Config& config, const std::string& device, Context& context) {
  if (config.file_system == FileSystem::xfs) co_return co_await repair_xfs(config, device, context);
  co_return co_await check_ext4(config, device, true, context);
}

}  // namespace

Task<Status> put_in_place(const Config& config, const std::string& device, Context& context) {
  if (config.file_system == FileSystem::ext4 && config.fsck != Fsck::never) {
    const bool whole = config.fsck == Fsck::always;
    const Status checked = co_await check_ext4(config, device, whole, context);
    if (!checked) co_return checked;
  }
  const Status mounted = co_await mount(config, device, context);
  if (mounted || !config.repair || mounted.error().code != Code::unavailable) co_return mounted;
  context.warn(fmt::format("{}: {} It is repaired and mounted again.", context.resource,
                           mounted.error().message));
  const Status repaired = co_await repair(config, device, context);
  if (!repaired) co_return repaired;
  co_return co_await mount(config, device, context);
}

Task<Status> fill_device(const Config& config, const std::string& device, Context& context) {
  const bool xfs = config.file_system == FileSystem::xfs;
  const std::string program = xfs ? "/usr/sbin/xfs_growfs" : "/usr/sbin/resize2fs";
  std::vector<std::string> argv = {program, xfs ? config.mount_point : device};
  const Call call = limited(context, context.call, config.fsck_timeout);
  const auto end = co_await run(std::move(argv), number_mount, call, context);
  if (!end) co_return std::unexpected(end.error());
  if (end->exit_code == 0) co_return Status{};
  co_return numbered(Code::unavailable, number_mount,
                     fmt::format("{} returned {}: {}", program, end->exit_code, end->last_line));
}

Task<Status> unmount_once(const Config& config, Call call, Context& context) {
  std::vector<std::string> argv = {"/usr/bin/umount", config.mount_point};
  const Call once = limited(context, call, config.unmount_timeout);
  const auto end = co_await run(std::move(argv), number_unmount, once, context);
  if (!end) co_return std::unexpected(end.error());
  if (end->exit_code == 0) co_return Status{};
  co_return numbered(
      Code::conflict, number_unmount,
      fmt::format("{} could not be unmounted. {}", config.mount_point, end->last_line));
}

Task<std::string> held_by(const Config& config, Context& context) {
  const auto holders = co_await context.mounts.holders(config.mount_point, context.call);
  if (!holders || holders->empty()) co_return "";
  std::string text;
  for (const MountHolder& holder : *holders | std::views::take(holders_shown)) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", holder.name, holder.pid);
  }
  if (holders->size() > holders_shown) {
    text += fmt::format(" and {} more", holders->size() - holders_shown);
  }
  co_return text;
}

}  // namespace mainstay::md
