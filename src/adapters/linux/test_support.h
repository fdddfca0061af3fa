// What the tests of this folder share: a directory that goes away, a task driven by the loop, and a
// child process in namespaces of its own.
#pragma once

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "adapters/linux/loop.h"
#include "base/check.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay::adapters {

// Longer than anything on loopback takes, even under a sanitizer on a busy machine.
inline constexpr Duration test_patience = 20s;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mainstay-XXXXXX").string();
    MAINSTAY_CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Every process of every test run has 127.x.y.* to itself, so that runs do not meet.
inline std::string own_loopback(int host) {
  const int pid = getpid() % 60000;
  return fmt::format("127.{}.{}.{}", 100 + pid / 256 % 100, pid % 256, host);
}

inline Call call_within(Loop& loop, Duration time) { return Call(loop.now() + time); }

// Drives the loop until the task is done.
template <class T>
T finish(Loop& loop, Task<T> task) {
  task.start();
  const bool done = loop.run_until([&] { return task.done(); }, loop.now() + test_patience);
  MAINSTAY_CHECK(done);  // It did not end in time.
  return task.take();
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.flush();
  MAINSTAY_CHECK(file.good());
}

}  // namespace mainstay::adapters
