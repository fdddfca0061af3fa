// What the parts of the mirror disk's recipe share.
#pragma once

#include <string>
#include <vector>

#include "ports/mirror.h"
#include "ports/mounts.h"
#include "resources/resource.h"

namespace mainstay::md {

enum class FileSystem { none, ext4, xfs };
enum class Fsck { never, automatic, always };
enum class Unmount { ask_only, kill };

struct Config {
  std::string data_partition;
  std::string cluster_partition;
  std::vector<std::string> mirror_addresses;
  int port = 29051;
  int resync_limit = 0;
  bool resync_by_checksum = false;
  FileSystem file_system = FileSystem::ext4;
  std::string mount_point;
  std::string mount_options = "rw";
  Duration mount_timeout = 120s;
  int mount_retries = 3;
  Fsck fsck = Fsck::automatic;
  std::vector<std::string> fsck_options = {"-y"};
  Duration fsck_timeout = 2h;
  bool repair = true;
  std::vector<std::string> xfs_repair_options;
  Unmount unmount_action = Unmount::kill;
  Duration unmount_timeout = 5min;
  int unmount_retries = 3;
  Duration unmount_interval = 5s;
};

// The troubleshooting pages are made of these.
inline constexpr int number_not_latest = 4;
inline constexpr int number_no_engine = 5;
inline constexpr int number_timeout = 6;
inline constexpr int number_device = 7;
inline constexpr int number_fsck = 8;
inline constexpr int number_mount = 9;
inline constexpr int number_unmount = 10;
inline constexpr int number_not_primary = 11;
inline constexpr int number_not_mounted = 12;
inline constexpr int number_read_only = 13;

std::unexpected<Error> numbered(Code code, int number, std::string message);

TypeSchema schema();

// The call, but no longer than that.
Call limited(const Context& context, const Call& call, Duration limit);

// ---- md_mount.cpp: the file system on the device.
Task<Status> put_in_place(const Config& config, const std::string& device, Context& context);
// It becomes as large as the device, while it is mounted; nothing happens if it is.
Task<Status> fill_device(const Config& config, const std::string& device, Context& context);
// Once; whoever holds it is not touched.
Task<Status> unmount_once(const Config& config, Call call, Context& context);
// The holders, as many as fit a sentence.
Task<std::string> held_by(const Config& config, Context& context);

}  // namespace mainstay::md
