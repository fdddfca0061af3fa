// The keeper thread and the operations it carries out.
#include "lab/instances.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "lab/exec.h"
#include "lab/unix_socket.h"

namespace mainstay::lab {
namespace {

constexpr auto boot_patience = 20s;
constexpr auto end_patience = 10s;
constexpr auto freeze_patience = 3s;

struct One {
  InitSpec spec{};
  Life life = Life::off;
  int boots = 0;
  int ends = 0;  // a waiter may wake only when the next life has begun already
  pid_t pid = 0;
  Fd process;  // pidfd
  Fd control;
  std::string cgroup = {};
  std::string problem = {};  // why the last boot failed
  bool boot_again = false;   // when it has ended
  bool own_will = false;     // its end is its own wish
  bool paused = false;       // by signals, where there is no freezer
};

struct Birth {
  Fd spec;
  Fd exec;
  Fd control_ours;
  Fd control_theirs;
  Fd program;
  Fd null;
  Fd cgroup;
};

Result<Fd> spec_file(const InitSpec& spec) {
  Fd file(memfd_create("instance", MFD_CLOEXEC));
  const std::string text = encode(spec);
  if (!file ||
      ::write(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_failure("write the instance's specification");
  }
  return file;
}

// In the child of a program with many threads: only system calls from here to execve.
[[noreturn]] void be_init(const Birth& birth) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  constexpr int safe = 100;  // above the three numbers an init expects, and the ones copied first
  const int spec = ::fcntl(birth.spec.number(), F_DUPFD_CLOEXEC, safe);
  const int exec = ::fcntl(birth.exec.number(), F_DUPFD_CLOEXEC, safe);
  const int control = ::fcntl(birth.control_theirs.number(), F_DUPFD_CLOEXEC, safe);
  const int program = ::fcntl(birth.program.number(), F_DUPFD_CLOEXEC, safe);
  // Whoever waits for the end of our output must not wait for the instances'.
  for (const int stream : {0, 1, 2}) ::dup2(birth.null.number(), stream);
  ::dup2(spec, spec_descriptor);
  ::dup2(exec, exec_descriptor);
  ::dup2(control, control_descriptor);
  const char* const argv[] = {"mainstay-lab", init_word, nullptr};
  const char* const env[] = {nullptr};
  ::syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
  ::_exit(126);
}

Result<pid_t> give_birth(const Birth& birth, Fd& process) {
  clone_args how{};
  int pidfd = -1;
  how.flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD;
  how.pidfd = reinterpret_cast<__u64>(&pidfd);
  how.exit_signal = SIGCHLD;
  if (birth.cgroup) {
    how.flags |= CLONE_INTO_CGROUP | CLONE_NEWCGROUP;
    how.cgroup = static_cast<__u64>(birth.cgroup.number());
  }
  const long pid = ::syscall(SYS_clone3, &how, sizeof(how));
  if (pid < 0) return system_failure("make the namespaces of an instance");
  if (pid == 0) be_init(birth);
  process = Fd(pidfd);
  return static_cast<pid_t>(pid);
}

// The freezer works in the background; its file says when nothing moves any more.
Status await_frozen(const std::string& cgroup) {
  const std::int64_t until = monotonic_ns() + Duration(freeze_patience).count();
  for (;;) {
    const auto events = read_file(cgroup + "/cgroup.events");
    if (!events) return std::unexpected(events.error());
    if (events->find("frozen 1") != std::string::npos) return {};
    if (monotonic_ns() > until) {
      return failure(Code::timed_out, "the control group " + cgroup + " does not freeze");
    }
    std::this_thread::sleep_for(500us);
  }
}

}  // namespace

std::string_view to_text(Life life) {
  switch (life) {
    case Life::off:
      return "off";
    case Life::booting:
      return "booting";
    case Life::running:
      return "running";
    case Life::frozen:
      return "frozen";
    case Life::stopping:
      return "stopping";
  }
  return "unknown";
}

struct Instances::State {
  Setup setup;
  Fd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  mutable std::mutex mutex;  // guards all that follows
  std::condition_variable changed;
  std::map<std::string, One> all;
  std::deque<std::string> to_boot;
  bool ending = false;
  std::thread keeper;

  void keep();
  void bear(const std::string& name);
  Status begin(const std::string& name, One& one);
  void hear(const std::string& name);
  void on_word(const std::string& name, const std::string& word);
  void bury(const std::string& name);
  void set_life(const std::string& name, One& one, Life life);
  Status request_boot(const std::string& name);
  Status await(const std::string& name, Duration patience, std::string_view what,
               const std::function<bool(const One&)>& done);
  // Gives the number of ends the instance has had before this one.
  Result<int> strike(const std::string& name, bool boot_again);
  Status pull_plug(const std::string& name, One& one);
  Status await_end(const std::string& name, int ends_before, Duration patience);
  Result<One*> find(const std::string& name);
};

void Instances::State::set_life(const std::string& name, One& one, Life life) {
  one.life = life;
  setup.events->add("instance", fmt::format("{}: {}", name, to_text(life)));
  changed.notify_all();
  setup.on_change(name, life, life == Life::off && one.own_will);
}

Result<One*> Instances::State::find(const std::string& name) {
  const auto found = all.find(name);
  if (found == all.end()) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this lab", name));
  }
  return &found->second;
}

Status Instances::State::begin(const std::string& name, One& one) {
  Birth birth;
  auto volumes = setup.volumes->attach(name);
  if (!volumes) return std::unexpected(volumes.error());
  one.spec.volumes.clear();
  for (VolumeNode& node : *volumes) {
    one.spec.volumes.push_back({node.id, node.device, node.name, node.loop});
  }
  auto spec = spec_file(one.spec);
  if (!spec) return std::unexpected(spec.error());
  birth.spec = std::move(*spec);
  auto listening = listen_at(one.spec.directory, "exec.sock");
  if (!listening) return std::unexpected(listening.error());
  birth.exec = std::move(*listening);
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return system_failure("make a socket pair");
  }
  birth.control_ours = Fd(pair[0]);
  birth.control_theirs = Fd(pair[1]);
  birth.null = Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  birth.program = Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!setup.cgroup.empty()) {
    one.cgroup = setup.cgroup + "/" + name;
    ::mkdir(one.cgroup.c_str(), 0755);
    birth.cgroup = Fd(::open(one.cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  auto pid = give_birth(birth, one.process);
  if (!pid) return std::unexpected(pid.error());
  one.pid = *pid;
  one.control = std::move(birth.control_ours);
  const Fd space(::open(fmt::format("/proc/{}/ns/net", *pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return system_failure("open the instance's network namespace");
  if (auto done = setup.network->plug_in(name, space); !done) return done;
  return send_message(one.control, "go");
}

void Instances::State::bear(const std::string& name) {
  const std::lock_guard lock(mutex);
  One& one = all.at(name);
  if (one.life != Life::booting || one.process) return;
  ++one.boots;
  one.problem.clear();
  one.own_will = false;
  one.paused = false;
  if (auto begun = begin(name, one); !begun) {
    one.problem = begun.error().message;
    setup.events->add("instance", fmt::format("{}: cannot boot: {}", name, one.problem));
    if (one.process) {
      ::syscall(SYS_pidfd_send_signal, one.process.number(), SIGKILL, nullptr, 0);
    } else {
      setup.volumes->release(name);
      set_life(name, one, Life::off);
    }
  }
}

void Instances::State::on_word(const std::string& name, const std::string& word) {
  One& one = all.at(name);
  if (word == "ready") set_life(name, one, Life::running);
  if (word == "paused") {
    one.paused = true;
    changed.notify_all();
  }
  if (word.starts_with("failed ")) one.problem = word.substr(7);
  if (word.starts_with("note ")) setup.events->add("instance", name + ": " + word.substr(5));
  if (word == "reset" || word == "power-off") {
    setup.events->add("instance", fmt::format("{}: asked for its own {}", name, word));
    one.boot_again = word == "reset";
    one.own_will = word == "power-off";
    (void)setup.network->close_line(name);
    (void)pull_plug(name, one);
  }
}

void Instances::State::hear(const std::string& name) {
  const std::lock_guard lock(mutex);
  One& one = all.at(name);
  if (!one.control) return;
  const auto message = receive_message(one.control, 0s);
  if (!message || message->bytes.empty()) {
    one.control.reset();
    return;
  }
  on_word(name, message->bytes);
}

void Instances::State::bury(const std::string& name) {
  const std::lock_guard lock(mutex);
  One& one = all.at(name);
  siginfo_t how{};
  if (::waitid(P_PIDFD, static_cast<id_t>(one.process.number()), &how, WEXITED | WNOHANG) != 0 ||
      how.si_pid == 0) {
    return;
  }
  // reboot(2) inside a pid namespace ends its init by SIGHUP for a restart, by SIGINT for a halt.
  const bool own_reboot = how.si_code == CLD_KILLED && how.si_status == SIGHUP;
  if (how.si_code == CLD_KILLED && how.si_status == SIGINT) one.own_will = true;
  ++one.ends;
  one.process.reset();
  one.control.reset();
  one.pid = 0;
  if (!one.cgroup.empty()) (void)remove_cgroup(one.cgroup);  // The lab's end looks again.
  ::unlink((one.spec.directory + "/exec.sock").c_str());
  (void)setup.network->close_line(name);
  setup.volumes->release(name);
  set_life(name, one, Life::off);
  if ((one.boot_again || own_reboot) && !ending) {
    one.boot_again = false;
    set_life(name, one, Life::booting);
    to_boot.push_back(name);
  }
}

void Instances::State::keep() {
  for (;;) {
    std::vector<pollfd> polled = {{wake.number(), POLLIN, 0}};
    std::vector<std::string> names;
    int patience = -1;
    {
      const std::lock_guard lock(mutex);
      if (!to_boot.empty()) patience = 0;
      if (ending && std::ranges::none_of(
                        all, [](const auto& e) { return static_cast<bool>(e.second.process); })) {
        return;
      }
      for (const auto& [name, one] : all) {
        if (!one.process) continue;
        names.push_back(name);
        polled.push_back({one.process.number(), POLLIN, 0});
        polled.push_back({one.control ? one.control.number() : -1, POLLIN, 0});
      }
    }
    ::poll(polled.data(), polled.size(), patience);
    std::uint64_t count = 0;
    (void)!::read(wake.number(), &count, sizeof(count));  // Only to make it quiet again.
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (polled[2 + 2 * i].revents != 0) hear(names[i]);
      if (polled[1 + 2 * i].revents != 0) bury(names[i]);
    }
    std::deque<std::string> wanted;
    {
      const std::lock_guard lock(mutex);
      wanted.swap(to_boot);
    }
    for (const std::string& name : wanted) bear(name);
  }
}

Status Instances::State::await(const std::string& name, Duration patience, std::string_view what,
                               const std::function<bool(const One&)>& done) {
  std::unique_lock lock(mutex);
  const One& one = all.at(name);
  if (changed.wait_for(lock, patience, [&] { return done(one); })) return {};
  return failure(Code::timed_out,
                 fmt::format("{}: did not {} within {}", name, what, mainstay::to_text(patience)));
}

Status Instances::State::request_boot(const std::string& name) {
  const std::lock_guard lock(mutex);
  auto one = find(name);
  if (!one) return std::unexpected(one.error());
  if ((*one)->life != Life::off) {
    return failure(Code::conflict, fmt::format("{} is {} already", name, to_text((*one)->life)));
  }
  set_life(name, **one, Life::booting);
  to_boot.push_back(name);
  eventfd_write(wake.number(), 1);
  return {};
}

// The line first, so that no packet tells of the death; then the init, and with it all the rest.
Result<int> Instances::State::strike(const std::string& name, bool boot_again) {
  const std::lock_guard lock(mutex);
  auto one = find(name);
  if (!one) return std::unexpected(one.error());
  if (!(*one)->process) {
    return failure(Code::conflict, fmt::format("{} is not running", name));
  }
  if (auto closed = setup.network->close_line(name); !closed)
    return std::unexpected(closed.error());
  (*one)->boot_again = boot_again;
  setup.events->add("instance", name + ": killed");
  if (auto struck = pull_plug(name, **one); !struck) return std::unexpected(struck.error());
  return (*one)->ends;
}

// The disks fall silent before the processes die, and fail only when none of them can tell of it.
Status Instances::State::pull_plug(const std::string& name, One& one) {
  setup.volumes->cut_power(name);
  if (::syscall(SYS_pidfd_send_signal, one.process.number(), SIGKILL, nullptr, 0) != 0) {
    return system_failure("kill " + name);
  }
  if (!one.cgroup.empty()) (void)write_existing(one.cgroup + "/cgroup.kill", "1");
  setup.volumes->abort(name);
  return {};
}

Status Instances::State::await_end(const std::string& name, int ends_before, Duration patience) {
  return await(name, patience, "end", [=](const One& one) { return one.ends > ends_before; });
}

Instances::Instances(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Instances>> Instances::start(Setup setup) {
  auto state = std::make_unique<State>();
  if (!state->wake) return system_failure("eventfd");
  state->setup = std::move(setup);
  state->keeper = std::thread([raw = state.get()] { raw->keep(); });
  return std::unique_ptr<Instances>(new Instances(std::move(state)));
}

Instances::~Instances() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    for (auto& [name, one] : state_->all) {
      if (!one.process) continue;
      (void)state_->setup.network->close_line(name);  // It is about to vanish with everything else.
      (void)state_->pull_plug(name, one);
    }
    eventfd_write(state_->wake.number(), 1);
  }
  state_->keeper.join();
}

void Instances::add(InitSpec spec) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = spec.instance;
  state_->all[name].spec = std::move(spec);
}

Status Instances::boot(const std::string& instance) {
  if (auto asked = state_->request_boot(instance); !asked) return asked;
  auto done = state_->await(instance, boot_patience, "boot",
                            [](const One& one) { return one.life != Life::booting; });
  if (!done) return done;
  const std::lock_guard lock(state_->mutex);
  const One& one = state_->all.at(instance);
  if (one.life == Life::running || one.problem.empty()) return {};
  return failure(Code::unavailable, fmt::format("{} cannot boot: {}", instance, one.problem));
}

Status Instances::boot_all() {
  std::vector<std::string> names;
  for (const auto& [name, status] : status()) {
    if (status.life == Life::off) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (auto asked = state_->request_boot(name); !asked) return asked;
  }
  for (const std::string& name : names) {
    auto done = state_->await(name, boot_patience, "boot",
                              [](const One& one) { return one.life != Life::booting; });
    if (!done) return done;
    const std::lock_guard lock(state_->mutex);
    const One& one = state_->all.at(name);
    if (one.life != Life::running) {
      return failure(Code::unavailable, fmt::format("{} cannot boot: {}", name, one.problem));
    }
  }
  return {};
}

Status Instances::kill(const std::string& instance) {
  const auto ends = state_->strike(instance, false);
  if (!ends) return std::unexpected(ends.error());
  return state_->await_end(instance, *ends, end_patience);
}

Status Instances::shut_down(const std::string& instance) {
  Duration patience = end_patience;
  int ends = 0;
  {
    const std::lock_guard lock(state_->mutex);
    auto one = state_->find(instance);
    if (!one) return std::unexpected(one.error());
    if ((*one)->life != Life::running) {
      return failure(Code::conflict, fmt::format("{} is {}", instance, to_text((*one)->life)));
    }
    if (auto sent = send_message((*one)->control, "shutdown"); !sent) return sent;
    patience += std::chrono::seconds((*one)->spec.stop_patience_s);
    ends = (*one)->ends;
    state_->set_life(instance, **one, Life::stopping);
  }
  return state_->await_end(instance, ends, patience);
}

Status Instances::reboot(const std::string& instance, bool hard) {
  int boots = 0;
  {
    const std::lock_guard lock(state_->mutex);
    auto one = state_->find(instance);
    if (!one) return std::unexpected(one.error());
    boots = (*one)->boots;
  }
  if (hard) {
    if (auto struck = state_->strike(instance, true); !struck)
      return std::unexpected(struck.error());
  } else {
    {
      const std::lock_guard lock(state_->mutex);
      state_->all.at(instance).boot_again = true;
    }
    if (auto stopped = shut_down(instance); !stopped) {
      const std::lock_guard lock(state_->mutex);
      state_->all.at(instance).boot_again = false;
      return stopped;
    }
  }
  return state_->await(instance, boot_patience, "boot again", [boots](const One& one) {
    return one.boots > boots && one.life == Life::running;
  });
}

Status Instances::freeze(const std::string& instance) {
  std::string cgroup;
  {
    const std::lock_guard lock(state_->mutex);
    auto one = state_->find(instance);
    if (!one) return std::unexpected(one.error());
    if ((*one)->life != Life::running) {
      return failure(Code::conflict, fmt::format("{} is {}", instance, to_text((*one)->life)));
    }
    // A frozen machine answers no ping either; the kernel of a frozen namespace would.
    if (auto closed = state_->setup.network->close_line(instance); !closed) return closed;
    cgroup = (*one)->cgroup;
    (*one)->paused = false;
    auto done = cgroup.empty() ? send_message((*one)->control, "pause")
                               : write_existing(cgroup + "/cgroup.freeze", "1");
    if (!done) return done;
  }
  const Status still = cgroup.empty() ? state_->await(instance, freeze_patience, "freeze",
                                                      [](const One& one) { return one.paused; })
                                      : await_frozen(cgroup);
  if (!still) return still;
  const std::lock_guard lock(state_->mutex);
  One& one = state_->all.at(instance);
  if (!one.process) return failure(Code::conflict, instance + " went down meanwhile");
  if (cgroup.empty()) ::syscall(SYS_pidfd_send_signal, one.process.number(), SIGSTOP, nullptr, 0);
  state_->set_life(instance, one, Life::frozen);
  return {};
}

Status Instances::thaw(const std::string& instance) {
  const std::lock_guard lock(state_->mutex);
  auto found = state_->find(instance);
  if (!found) return std::unexpected(found.error());
  One& one = **found;
  if (one.life != Life::frozen) {
    return failure(Code::conflict,
                   fmt::format("{} is {}, not frozen", instance, to_text(one.life)));
  }
  if (auto opened = state_->setup.network->open_line(instance); !opened) return opened;
  if (one.cgroup.empty()) {
    ::syscall(SYS_pidfd_send_signal, one.process.number(), SIGCONT, nullptr, 0);
    if (auto sent = send_message(one.control, "resume"); !sent) return sent;
  } else if (auto done = write_existing(one.cgroup + "/cgroup.freeze", "0"); !done) {
    return done;
  }
  state_->set_life(instance, one, Life::running);
  return {};
}

Status Instances::set_boot_commands(const std::string& instance,
                                    std::vector<std::vector<std::string>> commands) {
  const std::lock_guard lock(state_->mutex);
  auto one = state_->find(instance);
  if (!one) return std::unexpected(one.error());
  (*one)->spec.boot_commands = std::move(commands);
  return {};
}

std::map<std::string, InstanceStatus> Instances::status() const {
  const std::lock_guard lock(state_->mutex);
  std::map<std::string, InstanceStatus> out;
  for (const auto& [name, one] : state_->all) {
    out[name] = {one.life, one.pid, one.boots, one.cgroup};
  }
  return out;
}

}  // namespace mainstay::lab
