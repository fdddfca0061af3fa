#include "mirrord/supervisor.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "base/check.h"
#include "mirrord/buffers.h"
#include "mirrord/engine.h"
#include "mirrord/fuse_message.h"
#include "mirrord/loop_device.h"
#include "mirrord/supervisor_message.h"

namespace mainstay::mirrord {
namespace {

using adapters::errno_failure;
using Kind = SupervisorMessage::Kind;

constexpr Duration stop_patience = 20s;
// Between an engine and the next one, as long as none of them comes up.
constexpr Duration back_off_first = 50ms;
constexpr Duration back_off_max = 2s;
constexpr int control_backlog = 16;

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failure(Code::invalid, fmt::format("{}: a socket's path has at most {} characters", path,
                                              sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<Fd> listen_at(const std::string& path) {
  const auto address = socket_address(path);
  if (!address) return std::unexpected(address.error());
  const auto* generic = reinterpret_cast<const sockaddr*>(&*address);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return errno_failure(errno, path);
  if (::connect(socket.number(), generic, sizeof *address) == 0) {
    return failure(Code::conflict,
                   fmt::format("{}: another mainstay-mirrord runs for this mirror", path));
  }
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (std::filesystem::is_socket(path, error)) std::filesystem::remove(path, error);
  const mode_t before = umask(0177);
  const bool bound = bind(socket.number(), generic, sizeof *address) == 0;
  const int number = errno;
  umask(before);
  if (!bound) return errno_failure(number, path);
  if (::listen(socket.number(), control_backlog) != 0) return errno_failure(errno, path);
  return socket;
}

Fd duplicate(const Fd& file) { return Fd(fcntl(file.number(), F_DUPFD_CLOEXEC, 0)); }

std::string ending_of(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return fmt::format("exit code {}", info.si_status);
  return fmt::format("signal {}", info.si_status);
}

}  // namespace

struct Supervisor::State {
  Setup setup;
  adapters::Loop loop;
  adapters::Worker worker{loop, adapters::Worker::AtEnd::abandon};
  Fd control;
  Fd memory;  // with the requests that an engine leaves behind

  int engine = 0;
  Fd engine_end;  // readable when it has ended
  Fd socket;
  Duration back_off = back_off_first;
  std::uint64_t restarts = 0;

  std::uint64_t term = 0;
  std::optional<FuseMount> mount;
  std::optional<LoopDevice> device;
  bool busy = false;  // the worker has mount or device
  bool stopping = false;
  int exit_code = 0;

  void say(std::string_view text) const {
    fmt::print(stderr, "mainstay-mirrord {}: {}\n", setup.config.name, text);
  }
  Status start_engine();
  Status spawn(const Fd& its_end);
  void tell(SupervisorMessage message);
  void on_engine_ended();
  void restart_engine();
  void on_messages();
  void handle(const SupervisorMessage& message);
  void provide(std::uint64_t request_max);
  void on_attached(Result<LoopDevice> attached);
  void resize();
  void on_resized(const Result<std::uint64_t>& bytes);
  void remove(Detach how);
  void on_detached(const Status& detached);
  void stop();
  void finish(int code);
};

Status Supervisor::State::spawn(const Fd& its_end) {
  std::vector<std::string> words{setup.program};
  words.insert(words.end(), setup.arguments.begin(), setup.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, its_end.number(), 0);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // A terminal's interrupt is ours alone.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const int failed =
      posix_spawn(&engine, setup.program.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return errno_failure(failed, setup.program);
  engine_end = Fd(static_cast<int>(syscall(SYS_pidfd_open, engine, 0)));
  if (!engine_end) return errno_failure(errno, "the engine's process");
  return {};
}

Status Supervisor::State::start_engine() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return errno_failure(errno, "a socket to the engine");
  }
  socket = Fd(pair[0]);
  const Fd its_end(pair[1]);
  MAINSTAY_CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
  if (const Status spawned = spawn(its_end); !spawned) return spawned;
  loop.watch(engine_end.number(), {.readable = true, .writable = false},
             [this](Readiness) { on_engine_ended(); });
  loop.watch(socket.number(), {.readable = true, .writable = false},
             [this](Readiness) { on_messages(); });
  SupervisorMessage begin{.kind = Kind::begin, .number = term, .restarts = restarts};
  begin.files.push_back(duplicate(control));
  begin.files.push_back(duplicate(memory));
  if (mount && mount->fuse) begin.files.push_back(duplicate(mount->fuse));
  if (device) begin.text = setup.config.device;
  tell(std::move(begin));
  return {};
}

// An engine that cannot be told has ended, or is about to: that is dealt with where it shows.
void Supervisor::State::tell(SupervisorMessage message) {
  if (!socket) return;
  if (const Status sent = send_message(socket.number(), message); !sent) {
    say(sent.error().message);
  }
}

void Supervisor::State::on_engine_ended() {
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(engine_end.number()), &info, WEXITED) != 0) return;
  // What it said last counts.
  on_messages();
  loop.forget(engine_end.number());
  engine_end.reset();
  if (socket) loop.forget(socket.number());
  socket.reset();
  engine = 0;
  if (stopping) return finish(0);
  const bool refused = info.si_code == CLD_EXITED && info.si_status == engine_refused_exit;
  if (refused && !device && !busy) return finish(engine_refused_exit);
  say(fmt::format("the engine has ended ({}); a new one starts in {}", ending_of(info),
                  mainstay::to_text(back_off)));
  loop.call_at(loop.now() + back_off, [this] { restart_engine(); });
  back_off = std::min(back_off * 2, back_off_max);
}

void Supervisor::State::restart_engine() {
  if (stopping || engine != 0) return;
  ++restarts;
  if (const Status started = start_engine(); !started) {
    say(started.error().message);
    finish(1);
  }
}

void Supervisor::State::on_messages() {
  while (socket) {
    auto message = receive_message(socket.number());
    if (!message) {
      loop.forget(socket.number());
      socket.reset();
      return;
    }
    if (!*message) return;
    handle(**message);
  }
}

void Supervisor::State::handle(const SupervisorMessage& message) {
  // Whoever has something to say has come up.
  back_off = back_off_first;
  if (message.kind == Kind::promoted) {
    term = message.number;
  } else if (message.kind == Kind::provide) {
    provide(message.number);
  } else if (message.kind == Kind::resize) {
    resize();
  } else if (message.kind == Kind::remove) {
    remove(message.number != 0 ? Detach::by_force : Detach::unless_used);
  }
}

void Supervisor::State::provide(std::uint64_t request_max) {
  // The answer to whoever asked before is the answer to this one, too.
  if (busy) return;
  if (device) return tell({.kind = Kind::provided, .text = setup.config.device});
  auto mounted = mount_fuse(request_max);
  if (!mounted) {
    return tell(
        {.kind = Kind::provided, .error = mounted.error().code, .text = mounted.error().message});
  }
  mount = std::move(*mounted);
  SupervisorMessage fuse{.kind = Kind::fuse};
  fuse.files.push_back(duplicate(mount->fuse));
  tell(std::move(fuse));
  busy = worker.submit<Result<LoopDevice>>(
      [&mount = *mount, name = "mainstay-mirrord " + setup.config.name] {
        return attach_loop(mount, name);
      },
      [this](Result<LoopDevice> attached) { on_attached(std::move(attached)); });
}

void Supervisor::State::on_attached(Result<LoopDevice> attached) {
  busy = false;
  Status linked = attached ? link_device(setup.config.device, attached->path)
                           : Status(std::unexpected(attached.error()));
  if (!linked) {
    mount.reset();
    return tell(
        {.kind = Kind::provided, .error = linked.error().code, .text = linked.error().message});
  }
  device = std::move(*attached);
  say(fmt::format("{} is {}", setup.config.device, device->path));
  tell({.kind = Kind::provided, .text = setup.config.device});
}

void Supervisor::State::resize() {
  if (busy || !device || !mount) {
    return tell({.kind = Kind::resized,
                 .error = Code::conflict,
                 .text = "the device is just being provided or removed"});
  }
  const bool begun = worker.submit<Result<std::uint64_t>>(
      [its_mount = FuseMount{.fuse = {}, .mount = duplicate(mount->mount)},
       its_device = LoopDevice{.path = device->path, .loop = duplicate(device->loop)}] {
        return refresh_size(its_mount, its_device);
      },
      [this](const Result<std::uint64_t>& bytes) { on_resized(bytes); });
  MAINSTAY_CHECK(begun);
}

void Supervisor::State::on_resized(const Result<std::uint64_t>& bytes) {
  if (!bytes) {
    return tell(
        {.kind = Kind::resized, .error = bytes.error().code, .text = bytes.error().message});
  }
  tell({.kind = Kind::resized, .number = *bytes});
}

void Supervisor::State::remove(Detach how) {
  // Whatever waits for an answer of the engine gets an error now, the worker included.
  if (how == Detach::by_force && mount) mount->fuse.reset();
  if (busy) {
    return tell({.kind = Kind::removed,
                 .error = Code::conflict,
                 .text = "the device is just being provided or removed; try again"});
  }
  if (!device) {
    mount.reset();
    return tell({.kind = Kind::removed});
  }
  busy = worker.submit<Status>([&device = *device, how] { return detach_loop(device, how); },
                               [this](const Status& detached) { on_detached(detached); });
}

void Supervisor::State::on_detached(const Status& detached) {
  busy = false;
  if (!detached) {
    return tell(
        {.kind = Kind::removed, .error = detached.error().code, .text = detached.error().message});
  }
  unlink_device(setup.config.device, device->path);
  device.reset();
  mount.reset();
  tell({.kind = Kind::removed});
}

void Supervisor::State::stop() {
  if (std::exchange(stopping, true)) return;
  if (engine == 0) return finish(0);
  tell({.kind = Kind::stop});
  loop.call_at(loop.now() + stop_patience, [this] {
    if (engine == 0) return;
    say("the engine does not end; it is killed");
    syscall(SYS_pidfd_send_signal, engine_end.number(), SIGKILL, nullptr, 0);
  });
}

void Supervisor::State::finish(int code) {
  exit_code = code;
  if (mount) mount->fuse.reset();
  if (device && !busy) {
    const std::string path = device->path;
    if (const Status detached = detach_loop(*device, Detach::by_force); !detached) {
      say(detached.error().message);
    }
    unlink_device(setup.config.device, path);
  }
  mount.reset();
  std::error_code ignored;
  std::filesystem::remove(setup.config.control, ignored);
  loop.stop();
}

Supervisor::Supervisor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::start(Setup setup) {
  auto state = std::make_unique<State>(std::move(setup));
  for (const int signal : {SIGTERM, SIGINT}) {
    state->loop.on_signal(signal, [raw = state.get()] { raw->stop(); });
  }
  auto control = listen_at(state->setup.config.control);
  if (!control) return std::unexpected(control.error());
  state->control = std::move(*control);
  auto memory = make_lasting_memory();
  if (!memory) return std::unexpected(memory.error());
  state->memory = std::move(*memory);
  if (const Status started = state->start_engine(); !started) {
    return std::unexpected(started.error());
  }
  return std::unique_ptr<Supervisor>(new Supervisor(std::move(state)));
}

int Supervisor::run() {
  state_->loop.run();
  return state_->exit_code;
}

}  // namespace mainstay::mirrord
