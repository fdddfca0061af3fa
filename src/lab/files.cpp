// Small files and descriptors, over the system calls.
#include "lab/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace mainstay::lab {
namespace {

constexpr std::size_t file_size_max = 16U << 20U;

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
      return Code::not_found;
    case EACCES:
    case EPERM:
      return Code::denied;
    case EEXIST:
    case EBUSY:
      return Code::conflict;
    case EINVAL:
      return Code::invalid;
    case ETIMEDOUT:
      return Code::timed_out;
    default:
      return Code::unavailable;
  }
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_failure("write " + path);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

std::unexpected<Error> system_failure(std::string_view doing) {
  const int number = errno;
  return failure(code_of(number),
                 fmt::format("{}: {} (errno {})", doing, std::strerror(number), number));
}

Result<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_failure("open " + path);
  std::string text;
  std::array<char, 16384> block{};
  while (text.size() < file_size_max) {
    const ssize_t got = ::read(file.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read " + path);
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return failure(Code::invalid, fmt::format("{} is larger than 16 MiB", path));
}

Status write_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return system_failure("open " + temporary);
  if (auto done = write_all(file.number(), text, temporary); !done) return done;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure("rename to " + path);
  return {};
}

Status write_existing(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return system_failure("open " + path);
  return write_all(file.number(), text, path);
}

Status make_directories(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) {
    errno = problem.value();
    return system_failure("create directory " + path);
  }
  return {};
}

Status remove_tree(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code problem;
  for (int attempt = 0; attempt < 2; ++attempt) {
    fs::remove_all(path, problem);
    if (!problem) return {};
    std::error_code ignored;  // What cannot be opened up is reported by the second remove_all.
    for (auto it = fs::recursive_directory_iterator(
             path, fs::directory_options::skip_permission_denied, ignored);
         it != fs::recursive_directory_iterator(); it.increment(ignored)) {
      if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
        fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
      }
    }
  }
  errno = problem.value();
  return system_failure("remove " + path);
}

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace mainstay::lab
