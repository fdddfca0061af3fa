#include "harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"

extern "C" char** environ;

namespace mainstay::bench {
namespace {

volatile sig_atomic_t stop_flag = 0;

void raise_flag(int) { stop_flag = 1; }

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!command.environment.contains(std::string(text.substr(0, text.find('='))))) {
      result.emplace_back(text);
    }
  }
  for (const auto& [key, value] : command.environment) result.push_back(key + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Starts the program with the given descriptors as its output, in a process group of its own, so
// that Ctrl-C reaches only us and we can end it in order.
Result<int> spawn(const Command& command, int out, int err) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  posix_spawn_file_actions_adddup2(&files, err, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGTERM);
  posix_spawnattr_setsigdefault(&attributes, &defaults);

  auto arguments = command.argv;
  auto environment = environment_of(command);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0].c_str(), &files, &attributes,
                                 pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return failure(Code::unavailable,
                   fmt::format("cannot start {}: {}", command.argv[0], std::strerror(error)));
  }
  return pid;
}

// One program's two output streams, read as they come.
class Reader {
 public:
  Reader() {
    for (auto& pipe : pipes_) MAINSTAY_CHECK(pipe2(pipe.data(), O_CLOEXEC) == 0);
  }
  ~Reader() {
    for (auto& pipe : pipes_) {
      for (int& descriptor : pipe) close_one(descriptor);
    }
  }
  int writer(std::size_t stream) const { return pipes_[stream][1]; }
  void close_writers() {
    for (auto& pipe : pipes_) close_one(pipe[1]);
  }
  bool open() const { return pipes_[0][0] >= 0 || pipes_[1][0] >= 0; }

  // Waits a little for output and takes what there is.
  void take(std::array<std::string*, 2> texts) {
    std::array<pollfd, 2> polled{};
    for (std::size_t i = 0; i < 2; ++i) polled[i] = {pipes_[i][0], POLLIN, 0};
    if (poll(polled.data(), polled.size(), 50) <= 0) return;
    for (std::size_t i = 0; i < 2; ++i) {
      if (polled[i].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t size = ::read(pipes_[i][0], buffer.data(), buffer.size());
      if (size > 0 && texts[i]->size() < output_size_max) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(size));
      } else if (size == 0 || (size < 0 && errno != EINTR)) {
        close_one(pipes_[i][0]);
      }
    }
  }

 private:
  static void close_one(int& descriptor) {
    if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
  }

  std::array<std::array<int, 2>, 2> pipes_{{{-1, -1}, {-1, -1}}};
};

std::string last_lines(std::string_view text, int count) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t at = text.size();
  for (; count > 0 && at != std::string_view::npos && at > 0; --count)
    at = text.rfind('\n', at - 1);
  return std::string(at == std::string_view::npos ? text : text.substr(at));
}

}  // namespace

std::string to_text(const Command& command) {
  std::string program = command.argv[0].substr(command.argv[0].rfind('/') + 1);
  std::vector<std::string> words = command.argv;
  words[0] = std::move(program);
  std::string text = fmt::format("{}", fmt::join(words, " "));
  // A message names the command; a document among its words is not part of the name.
  constexpr std::size_t text_max = 160;
  const std::size_t end = std::min(text.find('\n'), text_max);
  if (end < text.size()) text = text.substr(0, end) + " ...";
  return text;
}

Result<Finished> run(const Command& command) {
  Reader reader;
  const auto pid = spawn(command, reader.writer(0), reader.writer(1));
  reader.close_writers();
  if (!pid) return std::unexpected(pid.error());
  Finished finished;
  const std::int64_t until = monotonic_ns() + command.patience.count();
  int status = 0;
  bool ended = false;
  // What it leaves in the background may hold the streams open; its own end is what counts.
  while (!ended) {
    reader.take({&finished.out, &finished.err});
    ended = waitpid(*pid, &status, WNOHANG) == *pid;
    const bool late = monotonic_ns() > until;
    if (ended || (!late && !(command.heeds_stop && stop_requested()))) {
      if (!ended && !reader.open()) std::this_thread::sleep_for(5ms);
      continue;
    }
    kill(-*pid, SIGKILL);
    waitpid(*pid, &status, 0);
    if (!late) return failure(Code::cancelled, to_text(command) + " was interrupted");
    return failure(Code::timed_out, fmt::format("{} had not ended after {}", to_text(command),
                                                mainstay::to_text(command.patience)));
  }
  reader.take({&finished.out, &finished.err});
  finished.exit_code = exit_code_of(status);
  return finished;
}

Result<std::string> output_of(const Command& command) {
  auto finished = run(command);
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_code == 0) return std::move(finished->out);
  const std::string& words = finished->err.empty() ? finished->out : finished->err;
  return failure(Code::unavailable, fmt::format("{} ended with exit code {}: {}", to_text(command),
                                                finished->exit_code, last_lines(words, 5)));
}

Result<Background> Background::start(const Command& command, const std::string& log) {
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) {
    return failure(Code::unavailable,
                   fmt::format("cannot write {}: {}", log, std::strerror(errno)));
  }
  const auto pid = spawn(command, file, file);
  ::close(file);
  if (!pid) return std::unexpected(pid.error());
  return Background(*pid);
}

Background::Background(Background&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

Background& Background::operator=(Background&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    exit_code_ = other.exit_code_;
  }
  return *this;
}

bool Background::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  exit_code_ = exit_code_of(status);
  pid_ = -1;
  return false;
}

int Background::end(Duration patience) {
  if (!running()) return exit_code_;
  kill(-pid_, SIGTERM);
  const std::int64_t until = monotonic_ns() + patience.count();
  while (running() && monotonic_ns() < until) std::this_thread::sleep_for(10ms);
  if (!running()) return exit_code_;
  kill(-pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  exit_code_ = exit_code_of(status);
  return exit_code_;
}

Result<int> Background::wait(Duration patience) {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (running()) {
    if (monotonic_ns() > until) return failure(Code::timed_out, "it has not ended in time");
    if (!pause(10ms)) return failure(Code::cancelled, "interrupted");
  }
  return exit_code_;
}

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool pause(Duration duration) {
  const std::int64_t until = monotonic_ns() + duration.count();
  while (!stop_requested()) {
    const std::int64_t left = until - monotonic_ns();
    if (left <= 0) return true;
    std::this_thread::sleep_for(std::min<Duration>(Duration(left), 50ms));
  }
  return false;
}

void note_stop_signals() {
  struct sigaction action {};
  action.sa_handler = raise_flag;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return stop_flag != 0; }

}  // namespace mainstay::bench
