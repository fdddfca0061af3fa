// Finding, using and removing cgroup v2 groups.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <thread>

#include "lab/instances.h"

namespace mainstay::lab {
namespace {

std::string mount_of_cgroup2() {
  const auto mounts = read_file("/proc/self/mounts");
  if (!mounts) return {};
  std::istringstream lines(*mounts);
  std::string device;
  std::string place;
  std::string type;
  std::string rest;
  while (lines >> device >> place >> type && std::getline(lines, rest)) {
    if (type == "cgroup2") return place;
  }
  return {};
}

void remove_empty_groups(const std::filesystem::path& path) {
  std::error_code
      ignored;  // What is still in use makes the caller's last rmdir fail, which is looked at.
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (entry.is_directory(ignored)) remove_empty_groups(entry.path());
  }
  ::rmdir(path.c_str());
}

}  // namespace

std::string own_cgroup() {
  const std::string mounted = mount_of_cgroup2();
  const auto groups = read_file("/proc/self/cgroup");
  if (mounted.empty() || !groups) return {};
  std::istringstream lines(*groups);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("0::")) return mounted + (line == "0::/" ? "" : line.substr(3));
  }
  return {};
}

Status remove_cgroup(const std::string& path) {
  constexpr int attempts = 200;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (!std::filesystem::exists(path)) return {};
    // Kernels before 5.14 have no cgroup.kill; there the inits' deaths have to suffice.
    (void)write_existing(path + "/cgroup.kill", "1");
    remove_empty_groups(path);
    if (!std::filesystem::exists(path)) return {};
    std::this_thread::sleep_for(10ms);
  }
  return failure(Code::conflict,
                 "the control group " + path + " cannot be removed: processes live in it");
}

}  // namespace mainstay::lab
