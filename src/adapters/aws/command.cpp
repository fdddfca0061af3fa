#include "adapters/aws/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::aws {
namespace {

// A running program: it is over when the process has ended, whoever else may still hold the pipe.
class Running : public std::enable_shared_from_this<Running> {
 public:
  Running(Clock& clock, EventLoop& loop) : clock_(clock), loop_(loop) {}
  ~Running() {
    close_fd(output_);
    close_fd(process_);
  }

  Status start(const std::vector<std::string>& words);
  void watch(const Call& call);
  // Kills it if it still runs; its end is then collected without anybody waiting.
  void stop();
  const Completion<Result<std::string>>& printed() const { return done_; }

 private:
  static void close_fd(int& descriptor) {
    if (descriptor >= 0) close(std::exchange(descriptor, -1));
  }
  Result<int> spawn(const std::vector<std::string>& words, int output);
  void read_output();
  void on_end();
  void give_up(Code code, std::string message);
  void settle(Result<std::string> result);

  Clock& clock_;
  EventLoop& loop_;
  int pid_ = -1;
  int output_ = -1;
  int process_ = -1;  // a pidfd
  std::string printed_;
  Cancellation cancellation_;
  std::uint64_t cancel_action_ = 0;
  TimerId deadline_timer_ = 0;
  Completion<Result<std::string>> done_;
};

Result<int> Running::spawn(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return failure(Code::not_found,
                 fmt::format("'{}' cannot be run: {}", words[0], std::strerror(error)));
}

Status Running::start(const std::vector<std::string>& words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return failure(Code::unavailable, fmt::format("no pipe: {}", std::strerror(errno)));
  }
  output_ = ends[0];
  // The program expects an output that blocks.
  fcntl(ends[1], F_SETFL, 0);
  const auto pid = spawn(words, ends[1]);
  close(ends[1]);
  if (!pid) return std::unexpected(pid.error());
  pid_ = *pid;
  process_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (process_ >= 0) return {};
  const int reason = errno;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return failure(Code::unavailable, fmt::format("no pidfd: {}", std::strerror(reason)));
}

void Running::watch(const Call& call) {
  const Readiness reading{.readable = true};
  loop_.watch(output_, reading, [self = shared_from_this()](Readiness) { self->read_output(); });
  loop_.watch(process_, reading, [self = shared_from_this()](Readiness) { self->on_end(); });
  if (call.deadline != never) {
    deadline_timer_ = clock_.call_at(call.deadline, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->give_up(Code::timed_out, "it did not end in time");
    });
  }
  cancellation_ = call.cancellation;
  cancel_action_ = cancellation_.on_request([weak = weak_from_this(), &clock = clock_] {
    clock.call_at(clock.now(), [weak] {
      if (const auto self = weak.lock()) self->give_up(Code::cancelled, "called off");
    });
  });
}

void Running::read_output() {
  char chunk[4096];
  for (;;) {
    const ssize_t size = read(output_, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) break;
    if (printed_.size() + static_cast<std::size_t>(size) > command_output_max) {
      return give_up(Code::invalid,
                     fmt::format("it prints more than {} bytes", command_output_max));
    }
    printed_.append(chunk, static_cast<std::size_t>(size));
  }
  loop_.forget(output_);
  close_fd(output_);
}

void Running::on_end() {
  const auto self = shared_from_this();
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return;
  pid_ = -1;
  loop_.forget(process_);
  if (output_ >= 0) read_output();
  if (output_ >= 0) {
    loop_.forget(output_);
    close_fd(output_);
  }
  // Somebody else may have collected it; what it printed will tell.
  const bool failed = ended > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0);
  if (!failed) return settle(std::move(printed_));
  settle(failure(Code::invalid, WIFEXITED(status)
                                    ? fmt::format("it ended with code {}", WEXITSTATUS(status))
                                    : fmt::format("signal {} ended it", WTERMSIG(status))));
}

void Running::give_up(Code code, std::string message) {
  stop();
  settle(failure(code, std::move(message)));
}

void Running::stop() {
  clock_.cancel(deadline_timer_);
  cancellation_.forget(cancel_action_);
  if (output_ >= 0) {
    loop_.forget(output_);
    close_fd(output_);
  }
  if (pid_ > 0) kill(-pid_, SIGKILL);
}

void Running::settle(Result<std::string> result) {
  clock_.cancel(deadline_timer_);
  cancellation_.forget(cancel_action_);
  done_.set(std::move(result));
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < command.size(); ++i) {
    char c = command[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote || (quote == '\0' && (c == '\'' || c == '"'))) {
      quote = quote == '\0' ? c : '\0';
      continue;
    }
    if (c == '\\' && quote != '\'' && i + 1 < command.size()) c = command[++i];
    words.back() += c;
  }
  if (quote != '\0') return failure(Code::invalid, "a quote in the command does not end");
  if (words.empty()) return failure(Code::invalid, "the command is empty");
  return words;
}

Task<Result<std::string>> run_command(Clock& clock, EventLoop& loop, std::string command,
                                      Call call) {
  const auto words = split_command(command);
  if (!words) co_return std::unexpected(words.error());
  const auto running = std::make_shared<Running>(clock, loop);
  if (const Status started = running->start(*words); !started) {
    co_return std::unexpected(started.error());
  }
  struct Stop {
    std::shared_ptr<Running> running;
    ~Stop() { running->stop(); }
  } stop{running};
  running->watch(call);
  co_return co_await running->printed();
}

}  // namespace mainstay::aws
