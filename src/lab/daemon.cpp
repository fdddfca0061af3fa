// Starting, watching and ending the lab's process.
#include "lab/daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "lab/control.h"
#include "lab/netns.h"
#include "lab/unix_socket.h"
#include "lab/world.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* record_name = "/lab.json";  // marks a directory as one of ours
constexpr auto up_patience = 60s;
constexpr auto down_patience = 30s;

struct Record {
  pid_t pid = 0;
  std::string start_time;  // of the process, so that a reused pid is not taken for it
  std::string cgroup;
};

// Field 22 of /proc/PID/stat; the command's name may hold spaces and parentheses.
std::string start_time_of(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return {};
  auto at = text->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  if (at == std::string::npos) return {};
  return text->substr(at + 1, text->find(' ', at + 1) - at - 1);
}

Result<Record> read_record(const std::string& directory) {
  const auto text = read_file(directory + record_name);
  if (!text) return std::unexpected(text.error());
  const json parsed = json::parse(*text, nullptr, false);
  if (parsed.is_discarded()) return Record{};  // Half written: the process never got further.
  return Record{parsed.value("pid", 0), parsed.value("start_time", ""), parsed.value("cgroup", "")};
}

bool is_alive(const Record& record) {
  return record.pid > 0 && !record.start_time.empty() &&
         start_time_of(record.pid) == record.start_time;
}

Status write_record(const std::string& directory, const Record& record) {
  const json text = {
      {"pid", record.pid}, {"start_time", record.start_time}, {"cgroup", record.cgroup}};
  return write_file(directory + record_name, text.dump() + "\n");
}

// Directories of the machine that instances have their own of hide what lies below them: these must
// be brought back.
bool is_hidden(const std::string& path) {
  for (const char* covered :
       {"/run/", "/tmp/", "/root/", "/var/lib/", "/var/log/", "/var/tmp/", "/dev/"}) {
    if (path.starts_with(covered)) return true;
  }
  return path == "/root";
}

// A directory brings what lies below it along.
std::vector<std::string> outermost(std::vector<std::string> directories) {
  std::ranges::sort(directories);
  std::vector<std::string> out;
  for (std::string& path : directories) {
    const bool inside = std::ranges::any_of(
        out, [&](const std::string& above) { return (path + "/").starts_with(above + "/"); });
    if (!inside) out.push_back(std::move(path));
  }
  return out;
}

Result<std::vector<std::string>> binds_of(const UpOptions& options) {
  std::vector<std::string> wanted = options.binds;
  std::error_code problem;
  const std::string program = fs::read_symlink("/proc/self/exe", problem).parent_path();
  for (const std::string& own : {program, fs::current_path(problem).string()}) {
    if (is_hidden(own)) wanted.push_back(own);
  }
  std::vector<std::string> out;
  for (const std::string& path : wanted) {
    if (!path.starts_with('/') || !fs::is_directory(path, problem)) {
      return failure(Code::invalid,
                     fmt::format("--bind {}: must be an existing directory, named from /", path));
    }
    const std::string real = fs::canonical(path, problem);
    // What an instance has of its own as a whole is not brought back as a whole.
    if (real != "/root") out.push_back(real);
  }
  return outermost(std::move(out));
}

Result<std::string> find_clock_library() {
  std::error_code problem;
  const fs::path program = fs::read_symlink("/proc/self/exe", problem).parent_path();
  for (const fs::path& place : {program, program / "../lib/mainstay"}) {
    const fs::path library = place / "mainstay-lab-clock.so";
    if (fs::exists(library, problem)) return fs::canonical(library, problem).string();
  }
  return failure(Code::not_found, "--own-clocks needs mainstay-lab-clock.so beside the program " +
                                      (program / "mainstay-lab").string());
}

// Without root, a user namespace makes us root over namespaces of our own.
Status become_able() {
  if (::geteuid() == 0) return {};
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    return failure(Code::denied,
                   "a lab needs root or unprivileged user namespaces, and this kernel refuses them "
                   "(look at kernel.unprivileged_userns_clone, user.max_user_namespaces and "
                   "kernel.apparmor_restrict_unprivileged_userns)");
  }
  if (auto done = write_existing("/proc/self/setgroups", "deny"); !done) return done;
  if (auto done = write_existing("/proc/self/uid_map", fmt::format("0 {} 1", uid)); !done)
    return done;
  return write_existing("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

std::string make_cgroup(const std::string& directory) {
  const std::string parent = own_cgroup();
  if (parent.empty() || ::access((parent + "/cgroup.procs").c_str(), W_OK) != 0) return {};
  const std::string path = fmt::format("{}/mainstay-lab-{:x}-{}", parent,
                                       std::hash<std::string>()(directory) & 0xffffffU, ::getpid());
  // Without a group of its own an instance is frozen by signals; that is said in its status.
  if (::mkdir(path.c_str(), 0755) != 0 || !fs::exists(path + "/cgroup.freeze")) {
    ::rmdir(path.c_str());
    return {};
  }
  return path;
}

Status prepare_directory(const std::string& directory) {
  const auto record = read_record(directory);
  if (record && is_alive(*record)) {
    return failure(Code::conflict, fmt::format("a lab runs in {} already (pid {}); end it with: "
                                               "mainstay-lab down --dir {}",
                                               directory, record->pid, directory));
  }
  if (record) {
    if (auto cleaned = take_down(directory); !cleaned) return cleaned;
  }
  std::error_code problem;
  if (fs::exists(directory, problem) && !fs::is_empty(directory, problem)) {
    return failure(Code::conflict,
                   fmt::format("{} is not empty and not a lab's; choose another --dir", directory));
  }
  if (auto made = make_directories(directory); !made) return made;
  return write_file(directory + record_name, "{}\n");
}

// What the process of the lab does, from the point on where it may fail.
struct Running {
  std::unique_ptr<World> world;
  Fd listening;
  std::string cgroup;
};

Result<Running> start_world(const UpOptions& options) {
  Running running;
  const std::string* pattern = layout_text_named(options.pattern);
  if (pattern == nullptr)
    return failure(Code::invalid, fmt::format("there is no pattern '{}'", options.pattern));
  WorldOptions wanted{.directory = options.directory, .layout_text = *pattern};
  wanted.stop_patience_s = options.stop_patience_s;
  if (!options.layout_file.empty()) {
    auto text = read_file(options.layout_file);
    if (!text) return std::unexpected(text.error());
    wanted.layout_text = *text;
  }
  if (const auto good = parse_layout(wanted.layout_text); !good)
    return std::unexpected(good.error());
  if (options.own_clocks) {
    auto library = find_clock_library();
    if (!library) return std::unexpected(library.error());
    wanted.clock_library = *library;
  }
  auto binds = binds_of(options);
  if (!binds) return std::unexpected(binds.error());
  wanted.binds = *binds;
  if (auto done = become_able(); !done) return std::unexpected(done.error());
  running.cgroup = wanted.cgroup = make_cgroup(options.directory);
  const Record record{::getpid(), start_time_of(::getpid()), running.cgroup};
  if (auto done = write_record(options.directory, record); !done)
    return std::unexpected(done.error());
  auto world = World::build(wanted);
  if (!world) {
    if (!running.cgroup.empty()) (void)remove_cgroup(running.cgroup);
    return std::unexpected(world.error());
  }
  running.world = std::move(*world);
  auto listening = listen_at(options.directory, control_socket);
  if (!listening) return std::unexpected(listening.error());
  running.listening = std::move(*listening);
  return running;
}

Fd block_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ends, one);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return Fd(::signalfd(-1, &ends, SFD_CLOEXEC));
}

// `report` hears "up …" or what went wrong; then the lab lives until it is told to end.
Status run(const UpOptions& options,
           const std::function<void(const Result<std::string>&)>& report) {
  const std::int64_t began = monotonic_ns();
  const Fd signals = block_signals();
  ::setenv("PATH", search_path, 1);
  if (auto ready = prepare_directory(options.directory); !ready) {
    report(std::unexpected(ready.error()));
    return ready;
  }
  auto running = start_world(options);
  if (!running) {
    report(std::unexpected(running.error()));
    (void)remove_tree(options.directory);  // The first failure is the one to tell.
    return std::unexpected(running.error());
  }
  std::string phases;
  for (const auto& [name, ms] : running->world->phases_ms())
    phases += fmt::format(" {} {} ms,", name, ms);
  if (!phases.empty()) phases.pop_back();
  report(fmt::format("the lab is up in {} after {} ms ({} )", options.directory,
                     (monotonic_ns() - began) / 1'000'000, phases.substr(1)));
  const Status served = serve_control(*running->world, running->listening, signals);
  running->world.reset();
  if (!running->cgroup.empty()) {
    if (auto removed = remove_cgroup(running->cgroup); !removed) return removed;
  }
  if (auto removed = remove_tree(options.directory); !removed) return removed;
  return served;
}

void detach_from_terminal() {
  ::setsid();
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {0, 1, 2}) ::dup2(null.number(), stream);
  (void)!::chdir("/");
}

Result<std::string> up_in_background(const UpOptions& options) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_failure("make a socket pair");
  }
  const Fd hear(ends[0]);
  Fd tell(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return system_failure("fork");
  if (child == 0) {
    const Status ended = run(options, [&](const Result<std::string>& result) {
      (void)send_message(tell, result ? "+" + *result
                                      : fmt::format("-{}{}", static_cast<int>(result.error().code),
                                                    result.error().message));
      if (result) detach_from_terminal();
      tell.reset();
    });
    ::_exit(ended ? 0 : 1);
  }
  tell.reset();
  const auto answer = receive_message(hear, up_patience);
  if (!answer) {
    (void)take_down(options.directory);
    return failure(Code::timed_out, fmt::format("the lab did not come up within {}",
                                                mainstay::to_text(Duration(up_patience))));
  }
  if (answer->bytes.starts_with('+')) return answer->bytes.substr(1);
  ::waitpid(child, nullptr, 0);
  if (answer->bytes.size() < 2)
    return failure(Code::unavailable, "the lab's process ended at once");
  return failure(static_cast<Code>(answer->bytes[1] - '0'), answer->bytes.substr(2));
}

Status wait_for_end(const Record& record, Duration patience) {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (is_alive(record)) {
    const auto state = read_file(fmt::format("/proc/{}/stat", record.pid));
    if (state && state->find(") Z ") != std::string::npos) return {};  // Its parent will bury it.
    if (monotonic_ns() > until) {
      return failure(Code::timed_out, fmt::format("the lab's process {} does not end", record.pid));
    }
    std::this_thread::sleep_for(2ms);
  }
  return {};
}

}  // namespace

std::string default_directory() {
  if (::geteuid() == 0) return "/run/mainstay-lab";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime != nullptr && *runtime != '\0' ? std::string(runtime) + "/mainstay-lab"
                                                : fmt::format("/tmp/mainstay-lab-{}", ::geteuid());
}

Result<std::string> bring_up(const UpOptions& options) {
  UpOptions resolved = options;
  std::error_code problem;
  resolved.directory = fs::absolute(options.directory, problem).lexically_normal();
  if (!options.layout_file.empty()) {
    resolved.layout_file = fs::absolute(options.layout_file, problem);
  }
  if (!options.foreground) return up_in_background(resolved);
  auto ended = run(resolved, [](const Result<std::string>& result) {
    if (result) fmt::print("{}\n", *result);
    std::fflush(stdout);
  });
  if (!ended) return std::unexpected(ended.error());
  return "the lab has ended";
}

Status take_down(const std::string& directory) {
  std::error_code problem;
  const std::string path = fs::absolute(directory, problem).lexically_normal();
  const auto record = read_record(path);
  if (!record) {
    if (record.error().code == Code::not_found) return {};
    return std::unexpected(record.error());
  }
  if (is_alive(*record)) {
    const auto asked = ask_lab(path, {.command = "down"}, down_patience);
    if (!asked || !wait_for_end(*record, down_patience)) {
      // It does not listen. Its inits die with it, and their namespaces with them.
      if (is_alive(*record)) ::kill(record->pid, SIGKILL);
      if (auto ended = wait_for_end(*record, down_patience); !ended) return ended;
    }
  }
  if (!record->cgroup.empty()) {
    if (auto removed = remove_cgroup(record->cgroup); !removed) return removed;
  }
  return remove_tree(path);
}

}  // namespace mainstay::lab
