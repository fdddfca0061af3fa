// What /proc tells of processes.
#include "adapters/linux/proc_files.h"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <charconv>

#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

// Our marks come first in the environment of what we start.
constexpr std::size_t environment_size_max = 64 * 1024;

}  // namespace

std::string read_small_file(const std::string& path, std::size_t size_max) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  std::array<char, 4096> block;
  ssize_t got = 0;
  while (text.size() < size_max && (got = read(fd.number(), block.data(), block.size())) > 0) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::vector<int> processes() {
  std::vector<int> result;
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return result;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name(entry->d_name);
    int number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc()) {
      result.push_back(number);
    }
  }
  closedir(directory);
  return result;
}

std::vector<std::string> environment_of(int pid) {
  const std::string text =
      read_small_file("/proc/" + std::to_string(pid) + "/environ", environment_size_max);
  std::vector<std::string> variables;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\0', begin);
    variables.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return variables;
}

}  // namespace mainstay::adapters
