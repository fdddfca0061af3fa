#include "adapters/aws/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::aws {
namespace {

// A running program: it is over when the process has ended, whoever else may still hold the pipe.
class Running : public std::enable_shared_from_this<Running> {
 public:
  Running(Clock& clock, EventLoop& loop, std::size_t output_max)
      : clock_(clock), loop_(loop), output_max_(output_max) {}
  ~Running() {
    for (Stream& stream : streams_) close_fd(stream.descriptor);
    close_fd(process_);
  }

  Status start(const CommandOrder& order);
  void watch(const Call& call);
  // Kills it if it still runs; its end is then collected without anybody waiting.
  void stop();
  const Completion<Result<CommandEnd>>& end() const { return done_; }

 private:
  static void close_fd(int& descriptor) {
    if (descriptor >= 0) close(std::exchange(descriptor, -1));
  }
  // What it writes to one of its outputs.
  struct Stream {
    int descriptor = -1;
    std::string text;
  };
  Result<int> spawn(const CommandOrder& order, int output, int errors);
  void read_all(Stream& stream);
  void forget(Stream& stream);
  void on_end();
  void give_up(Code code, std::string message);
  void settle(Result<CommandEnd> result);

  Clock& clock_;
  EventLoop& loop_;
  std::size_t output_max_;
  int pid_ = -1;
  std::array<Stream, 2> streams_;  // standard output, standard error
  int process_ = -1;               // a pidfd
  Cancellation cancellation_;
  std::uint64_t cancel_action_ = 0;
  TimerId deadline_timer_ = 0;
  Completion<Result<CommandEnd>> done_;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Result<int> Running::spawn(const CommandOrder& order, int output, int errors) {
  const auto arguments = pointers(order.words);
  std::vector<std::string> variables;
  if (order.environment) {
    for (const auto& [name, value] : *order.environment) variables.push_back(name + '=' + value);
  }
  const auto own = pointers(variables);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(),
                                 order.environment ? own.data() : environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return failure(Code::not_found,
                 fmt::format("'{}' cannot be run: {}", order.words[0], std::strerror(error)));
}

Status Running::start(const CommandOrder& order) {
  std::array<int, 2> theirs = {-1, -1};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
      const int reason = errno;
      close_fd(theirs[0]);
      return failure(Code::unavailable, fmt::format("no pipe: {}", std::strerror(reason)));
    }
    streams_[i].descriptor = ends[0];
    theirs[i] = ends[1];
    // The program expects outputs that block.
    fcntl(theirs[i], F_SETFL, 0);
  }
  const auto pid = spawn(order, theirs[0], theirs[1]);
  for (int& descriptor : theirs) close_fd(descriptor);
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
  for (Stream& stream : streams_) {
    loop_.watch(stream.descriptor, reading,
                [self = shared_from_this(), &stream](Readiness) { self->read_all(stream); });
  }
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

void Running::read_all(Stream& stream) {
  char chunk[16384];
  for (;;) {
    const ssize_t size = read(stream.descriptor, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) break;
    if (stream.text.size() + static_cast<std::size_t>(size) > output_max_) {
      return give_up(Code::invalid, fmt::format("it prints more than {} bytes", output_max_));
    }
    stream.text.append(chunk, static_cast<std::size_t>(size));
  }
  forget(stream);
}

void Running::forget(Stream& stream) {
  if (stream.descriptor < 0) return;
  loop_.forget(stream.descriptor);
  close_fd(stream.descriptor);
}

void Running::on_end() {
  const auto self = shared_from_this();
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return;
  pid_ = -1;
  loop_.forget(process_);
  for (Stream& stream : streams_) {
    if (stream.descriptor >= 0) read_all(stream);
    forget(stream);
  }
  CommandEnd end{.exit_code = 0,
                 .signal = 0,
                 .printed = std::move(streams_[0].text),
                 .complaint = std::move(streams_[1].text)};
  // Somebody else may have collected it; what it printed will tell.
  if (ended > 0 && WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  if (ended > 0 && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  settle(std::move(end));
}

void Running::give_up(Code code, std::string message) {
  stop();
  settle(failure(code, std::move(message)));
}

void Running::stop() {
  clock_.cancel(deadline_timer_);
  cancellation_.forget(cancel_action_);
  for (Stream& stream : streams_) forget(stream);
  if (pid_ > 0) kill(-pid_, SIGKILL);
}

void Running::settle(Result<CommandEnd> result) {
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

Task<Result<CommandEnd>> run_to_end(Clock& clock, EventLoop& loop, CommandOrder order, Call call) {
  const auto running = std::make_shared<Running>(clock, loop, order.output_max);
  if (const Status started = running->start(order); !started) {
    co_return std::unexpected(started.error());
  }
  struct Stop {
    std::shared_ptr<Running> running;
    ~Stop() { running->stop(); }
  } stop{running};
  running->watch(call);
  co_return co_await running->end();
}

Task<Result<std::string>> run_command(Clock& clock, EventLoop& loop, std::string command,
                                      Call call) {
  auto words = split_command(command);
  if (!words) co_return std::unexpected(words.error());
  CommandOrder order;
  order.words = std::move(*words);
  auto end = co_await run_to_end(clock, loop, std::move(order), call);
  if (!end) co_return std::unexpected(end.error());
  if (end->signal != 0) {
    co_return failure(Code::invalid, fmt::format("signal {} ended it", end->signal));
  }
  if (end->exit_code != 0) {
    co_return failure(Code::invalid, fmt::format("it ended with code {}", end->exit_code));
  }
  co_return std::move(end->printed);
}

}  // namespace mainstay::aws
