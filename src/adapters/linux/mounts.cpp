#include "adapters/linux/mounts.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <ranges>

#include <fmt/format.h>

#include "adapters/linux/call_guard.h"
#include "adapters/linux/proc_files.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t mountinfo_size_max = 16 * 1024 * 1024;
constexpr std::size_t maps_size_max = 1024 * 1024;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const auto word : line | std::views::split(' ')) {
    words.emplace_back(word.begin(), word.end());
  }
  return words;
}

bool octal(char digit) { return digit >= '0' && digit <= '7'; }

// A space is written as \040.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) &&
                        octal(text[i + 2]) && octal(text[i + 3]);
    if (!escape) {
      result += text[i];
      continue;
    }
    result +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return result;
}

bool has_option(std::string_view options, std::string_view wanted) {
  for (const auto option : options | std::views::split(',')) {
    if (std::string_view(option.begin(), option.end()) == wanted) return true;
  }
  return false;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "";
}

bool below(std::string_view path, std::string_view point) {
  if (!path.starts_with(point)) return false;
  return path.size() == point.size() || path[point.size()] == '/' ||
         path.substr(point.size()) == " (deleted)";
}

bool has_open_file(const std::string& process, std::string_view point) {
  DIR* directory = opendir((process + "/fd").c_str());
  if (directory == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    found = found || below(link_target(process + "/fd/" + entry->d_name), point);
  }
  closedir(directory);
  return found;
}

bool has_mapped_file(const std::string& process, std::string_view point) {
  const std::string maps = read_small_file(process + "/maps", maps_size_max);
  for (const auto line : std::string_view(maps) | std::views::split('\n')) {
    const std::string_view text(line.begin(), line.end());
    const auto path = text.find('/');
    if (path != text.npos && below(text.substr(path), point)) return true;
  }
  return false;
}

bool holds(int pid, std::string_view point) {
  const std::string process = "/proc/" + std::to_string(pid);
  for (const char* link : {"/cwd", "/root", "/exe"}) {
    if (below(link_target(process + link), point)) return true;
  }
  return has_open_file(process, point) || has_mapped_file(process, point);
}

std::string name_of(int pid) {
  std::string name = read_small_file(fmt::format("/proc/{}/comm", pid), 64);
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

std::vector<MountHolder> holders_of(const std::string& point) {
  std::vector<MountHolder> found;
  for (const int pid : processes()) {
    if (pid == getpid() || found.size() == holders_max) continue;
    if (holds(pid, point)) found.push_back({pid, name_of(pid)});
  }
  return found;
}

std::size_t signal_holders(const std::string& point, int signal) {
  const auto found = holders_of(point);
  for (const MountHolder& holder : found) kill(holder.pid, signal);
  return found.size();
}

}  // namespace

std::optional<MountEntry> find_mount(std::string_view mountinfo, std::string_view point) {
  std::optional<MountEntry> found;
  for (const auto part : mountinfo | std::views::split('\n')) {
    // 36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue
    const auto words = words_of(std::string_view(part.begin(), part.end()));
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4 || unescaped(words[4]) != point) continue;
    found = MountEntry{.source = unescaped(dash[2]),
                       .type = std::string(dash[1]),
                       .read_only = has_option(words[5], "ro") || has_option(dash[3], "ro")};
  }
  return found;
}

std::vector<MountedDevice> mounted_devices(std::string_view mountinfo) {
  std::vector<MountedDevice> found;
  for (const auto part : mountinfo | std::views::split('\n')) {
    const auto words = words_of(std::string_view(part.begin(), part.end()));
    if (words.size() >= 6) found.push_back({std::string(words[2]), unescaped(words[4])});
  }
  return found;
}

Result<std::optional<MountEntry>> LinuxMounts::mounted_at(const std::string& point) {
  const std::string text = read_small_file("/proc/self/mountinfo", mountinfo_size_max);
  if (text.empty()) return failure(Code::unavailable, "/proc/self/mountinfo cannot be read");
  std::string plain = point;
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return find_mount(text, plain);
}

Task<Result<std::vector<MountHolder>>> LinuxMounts::holders(std::string point, Call call) {
  const Completion<Result<std::vector<MountHolder>>> done;
  const CallGuard guard(loop_, call, {Code::timed_out, "looking for who uses " + point},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  if (!worker_.submit<std::vector<MountHolder>>(
          [point] { return holders_of(point); },
          [done](std::vector<MountHolder> found) { done.set(std::move(found)); })) {
    co_return failure(Code::unavailable, "too many mount points are looked at");
  }
  co_return co_await done;
}

Task<Result<std::size_t>> LinuxMounts::end_holders(std::string point, Force force, Call call) {
  const Completion<Result<std::size_t>> done;
  const CallGuard guard(loop_, call, {Code::outcome_unknown, "ending who uses " + point},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  const int signal = force == Force::kill ? SIGKILL : SIGTERM;
  if (!worker_.submit<std::size_t>([point, signal] { return signal_holders(point, signal); },
                                   [done](std::size_t count) { done.set(count); })) {
    co_return failure(Code::unavailable, "too many mount points are looked at");
  }
  co_return co_await done;
}

}  // namespace mainstay::adapters
