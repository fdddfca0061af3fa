// The Process port: spawn, pidfds, families.
#include "adapters/linux/process.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "adapters/linux/call_guard.h"
#include "adapters/linux/errno_text.h"
#include "adapters/linux/orphan_output.h"
#include "adapters/linux/spawn.h"

namespace mainstay::adapters {
namespace {

// While a family is asked to end, what we cannot watch is looked for again this often.
constexpr Duration family_look_interval = 100ms;

std::vector<std::string> environment_for(const Program& program, std::vector<std::string> marks) {
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", geteuid() == 0 ? "/root" : "/"},
      {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : program.environment) variables[name] = value;
  // The marks come first: who looks for them need not read far.
  for (const auto& [name, value] : variables) marks.push_back(name + "=" + value);
  return marks;
}

std::string directory_of(const Program& program) {
  if (!program.directory.empty()) return program.directory;
  const std::string parent = std::filesystem::path(program.argv.front()).parent_path();
  return parent.empty() ? "/" : parent;
}

struct Pipe {
  Fd read_end;
  Fd child_end;
};

Result<Pipe> open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_failure(errno, "a pipe for the output");
  Pipe pipe{.read_end = Fd(ends[0]), .child_end = Fd(ends[1])};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  // Opened anew for both directions, so that the pipe outlives our end of it.
  Fd both(open(fmt::format("/proc/self/fd/{}", ends[1]).c_str(), O_RDWR | O_CLOEXEC));
  if (both) pipe.child_end = std::move(both);
  return pipe;
}

}  // namespace

struct LinuxProcess::Child {
  Families::Place place;
  int pid = 0;
  Fd pidfd;
  std::shared_ptr<OutputPipe> output;
  std::shared_ptr<OutputPipe> error;
  std::optional<ProgramEnd> end;
  std::optional<Completion<bool>> waiter;
};

class LinuxProcess::Running : public RunningProgram {
 public:
  Running(Loop& loop, std::shared_ptr<Child> child) : loop_(loop), child_(std::move(child)) {}

  int pid() const override { return child_->pid; }

  Task<Result<ProgramEnd>> wait(Call call) override { return wait_for(loop_, child_, call); }

  static Task<Result<ProgramEnd>> wait_for(Loop& loop, std::shared_ptr<Child> child, Call call) {
    if (child->end) co_return *child->end;
    const Completion<bool> done;
    std::optional<Error> gave_up;
    child->waiter = done;
    const CallGuard guard(loop, call,
                          {Code::timed_out, fmt::format("process {} still runs", child->pid)},
                          [&gave_up, done](Error error) {
                            gave_up = std::move(error);
                            done.set(false);
                          });
    co_await done;
    child->waiter.reset();
    if (child->end) co_return *child->end;
    co_return std::unexpected(*gave_up);
  }

 private:
  Loop& loop_;
  std::shared_ptr<Child> child_;
};

LinuxProcess::LinuxProcess(Loop& loop, Families::Settings settings, OutputPipe::Tell tell)
    : loop_(loop),
      log_worker_(loop, Worker::AtEnd::finish),
      families_(std::move(settings)),
      tell_(std::move(tell)) {
  for (OrphanOutput& orphan : find_orphan_output(families_.any_family_mark())) {
    read_pipe(orphan.target, std::move(orphan.read_end));
  }
}

LinuxProcess::~LinuxProcess() {
  for (const auto& child : children_) loop_.forget(child->pidfd.number());
  for (const auto& pipe : pipes_) {
    if (const auto living = pipe.lock()) living->close();
  }
}

Result<std::shared_ptr<LinuxProcess::Child>> LinuxProcess::launch(const Program& program) {
  if (program.argv.empty()) return failure(Code::invalid, "a program without a path");
  if (children_.size() >= programs_max) {
    return failure(Code::unavailable,
                   fmt::format("{}: {} programs run already", program.argv.front(), programs_max));
  }
  auto child = std::make_shared<Child>();
  child->place = families_.place(program.family);
  auto started = spawn_in_place(program, child);
  if (!started) {
    families_.forget(child->place);
    return started;
  }
  children_.insert(child);
  loop_.watch(child->pidfd.number(), {.readable = true},
              [this, child](Readiness) { on_end(child); });
  return child;
}

Result<std::shared_ptr<LinuxProcess::Child>> LinuxProcess::spawn_in_place(
    const Program& program, std::shared_ptr<Child> child) {
  auto output = open_pipe();
  auto error = open_pipe();
  if (!output || !error) return std::unexpected(output ? error.error() : output.error());
  const OutputPipe::Target target{.file = program.log_file, .size_max = program.log_size_max};
  auto marks = child->place.marks;
  marks.push_back(output_mark(output->read_end, error->read_end, target));
  const SpawnRequest request{.argv = program.argv,
                             .environment = environment_for(program, std::move(marks)),
                             .directory = directory_of(program),
                             .output = output->child_end.number(),
                             .error = error->child_end.number(),
                             .cgroup = child->place.cgroup_fd.number()};
  auto spawned = spawn(request);
  if (!spawned) return std::unexpected(spawned.error());
  if (child->place.cgroup && !spawned->in_cgroup) families_.not_placed(child->place);
  child->pid = spawned->pid;
  child->pidfd = std::move(spawned->pidfd);
  child->output = read_pipe(target, std::move(output->read_end));
  child->error = read_pipe(target, std::move(error->read_end));
  return child;
}

std::shared_ptr<OutputPipe> LinuxProcess::read_pipe(const OutputPipe::Target& target, Fd read_end) {
  auto pipe = std::make_shared<OutputPipe>(loop_, log_worker_, target, std::move(read_end), tell_);
  pipe->start();
  std::erase_if(pipes_, [](const auto& each) { return each.expired(); });
  pipes_.push_back(pipe);
  return pipe;
}

void LinuxProcess::on_end(const std::shared_ptr<Child>& child) {
  const auto keep = child;  // Forgetting drops the callback that holds the argument.
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(keep->pidfd.number()), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0) {
    return;
  }
  loop_.forget(keep->pidfd.number());
  children_.erase(keep);
  keep->output->drain();
  keep->error->drain();
  ProgramEnd end;
  (info.si_code == CLD_EXITED ? end.exit_code : end.signal) = info.si_status;
  end.last_line = keep->error->last_line();
  if (end.last_line.empty()) end.last_line = keep->output->last_line();
  keep->end = std::move(end);
  families_.forget(keep->place);
  if (keep->waiter) keep->waiter->set(true);
}

Result<std::unique_ptr<RunningProgram>> LinuxProcess::start(const Program& program) {
  auto child = launch(program);
  if (!child) return std::unexpected(child.error());
  return std::make_unique<Running>(loop_, std::move(*child));
}

Task<Result<ProgramEnd>> LinuxProcess::run(Program program, Call call) {
  auto child = launch(program);
  if (!child) co_return std::unexpected(child.error());
  auto end = co_await Running::wait_for(loop_, *child, call);
  if (end) co_return end;
  families_.kill((*child)->place);
  // Killed is not gone: one that hangs in the kernel is left, and said to have timed out all the
  // same.
  const Call grace(loop_.now() + 1s);
  auto killed = co_await Running::wait_for(loop_, *child, grace);
  if (end.error().code == Code::cancelled) co_return end;
  ProgramEnd late = killed ? *killed : ProgramEnd{.signal = SIGKILL};
  late.timed_out = true;
  co_return late;
}

std::vector<int> LinuxProcess::members(const std::string& family) {
  return families_.members(family);
}

void LinuxProcess::kill_family(const std::string& family) { families_.kill(family); }

namespace {

struct WatchedProcess {
  Loop& loop;
  Fd pidfd;
  ~WatchedProcess() {
    if (pidfd) loop.forget(pidfd.number());
  }
};

}  // namespace

// Ends when one of the processes does, or at the instant.
Task<void> LinuxProcess::some_end(std::vector<int> pids, Instant until, Cancellation cancellation) {
  const Completion<bool> changed;
  std::deque<WatchedProcess> watched;
  for (const int pid : pids) {
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) co_return;  // It has just ended.
    const int number = pidfd.number();
    watched.emplace_back(loop_, std::move(pidfd));
    loop_.watch(number, {.readable = true}, [changed](Readiness) { changed.set(true); });
  }
  const Call call(until, std::move(cancellation));
  const CallGuard guard(loop_, call, {}, [changed](const Error&) { changed.set(false); });
  co_await changed;
}

Task<Status> LinuxProcess::end_family(std::string family, Instant kill_at, Call call) {
  bool asked = false;
  for (;;) {
    const auto left = families_.members(family);
    if (left.empty()) co_return Status{};
    const Instant now = loop_.now();
    if (call.cancellation.requested()) co_return failure(Code::cancelled, "it was called off");
    if (now >= kill_at) families_.kill(family);
    if (now >= call.deadline) {
      co_return failure(Code::timed_out,
                        fmt::format("{}: {} processes are still there, the first is {}", family,
                                    left.size(), left.front()));
    }
    if (!std::exchange(asked, true) && now < kill_at) families_.ask_to_end(family);
    Instant until = std::min(call.deadline, now + family_look_interval);
    if (now < kill_at) until = std::min(until, kill_at);
    co_await some_end(left, until, call.cancellation);
  }
}

}  // namespace mainstay::adapters
