// The init's life: set up, say "ready", run the boot commands, then serve until told or killed to
// stop.
#include "lab/init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include "lab/exec.h"
#include "lab/files.h"
#include "lab/init_reboot.h"
#include "lab/netlink.h"
#include "lab/netns.h"
#include "lab/network.h"
#include "lab/unix_socket.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t clients_max = 256;

const Fd& control() {
  static const Fd socket(control_descriptor);
  return socket;
}

// The lab reads it; if the lab is gone there is nobody left to tell.
void tell_lab(std::string_view text) { (void)send_message(control(), text); }

Status configure_ipv6(Netlink& netlink, const std::string& text) {
  const auto address = parse_ipv6(text);
  if (!address) return std::unexpected(address.error());
  if (auto done = netlink.add_address6(2, *address, 128); !done) return done;
  return netlink.replace_route6(
      {.table = 254, .destination = {Ipv6{}, 0}, .via = ipv6_gateway, .index = 2});
}

Status configure_network(const InitSpec& spec) {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto slash = spec.address.find('/');
  const auto address = parse_ipv4(spec.address.substr(0, slash));
  const auto gateway = parse_ipv4(spec.gateway);
  if (!address || !gateway) return failure(Code::corrupt, "the instance's addresses make no sense");
  const int length = std::stoi(spec.address.substr(slash + 1));
  for (const Status& done :
       {netlink->set_up(1), netlink->add_address(2, {*address, length}), netlink->set_up(2),
        netlink->replace_route(
            {.table = 254, .destination = {Ipv4{0}, 0}, .via = *gateway, .index = 2})}) {
    if (!done) return done;
  }
  if (!spec.address6.empty()) {
    if (auto done = configure_ipv6(*netlink, spec.address6); !done) return done;
  }
  if (spec.masquerade_for.empty()) return {};
  if (auto done = write_existing("/proc/sys/net/ipv4/ip_forward", "1"); !done) return done;
  const Fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  return run_nft(
      own,
      fmt::format("table ip nat {{\nchain leaving {{\ntype nat hook postrouting priority 100;\n"
                  "ip saddr {0} ip daddr != {0} masquerade\n}}\n}}\n",
                  spec.masquerade_for));
}

// What could reach beyond the instance is given up: its clock, its kernel modules, its raw devices.
Status drop_powers() {
  for (const int power : {CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_MKNOD, CAP_SYSLOG,
                          CAP_WAKE_ALARM, CAP_AUDIT_CONTROL}) {
    if (::prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(power), 0, 0, 0) != 0)
      return system_failure("drop a capability");
  }
  return {};
}

Status set_up(const InitSpec& spec) {
  ::setsid();
  if (::sethostname(spec.host_name.c_str(), spec.host_name.size()) != 0) {
    return system_failure("set the host name");
  }
  // /proc of the instance is needed by nothing before, and the network's settings are read-only
  // after.
  if (auto done = make_file_system(spec); !done) return done;
  if (auto done = configure_network(spec); !done) return done;
  if (::chdir("/") != 0) return system_failure("go to /");
  return drop_powers();
}

struct Child {
  Fd client;  // not open: detached
};

class Init {
 public:
  explicit Init(InitSpec spec) : spec_(std::move(spec)) {}
  int run();

 private:
  void boot();
  void reap();
  void on_exec_client();
  void on_control();
  void on_sysrq();
  void on_reboot();
  void on_client_gone(pid_t pid);
  void begin_shutdown();
  Result<pid_t> start(const ExecRequest& request, const std::vector<Fd>& streams);
  std::vector<std::string> environment(const ExecRequest& request) const;

  InitSpec spec_;
  Fd exec_{exec_descriptor};
  Fd signals_;
  Fd sysrq_;
  Fd reboots_;
  std::map<pid_t, Child> children_;
  bool shutting_down_ = false;
  std::int64_t kill_at_ns_ = 0;
};

std::string own_pid_namespace() {
  std::array<char, 64> text{};
  return ::readlink("/proc/self/ns/pid", text.data(), text.size() - 1) > 0 ? text.data() : "";
}

std::vector<std::string> Init::environment(const ExecRequest& request) const {
  std::vector<std::string> all = {std::string("PATH=") + search_path, "HOME=/root", "USER=root",
                                  "LANG=C.UTF-8", "TERM=dumb", "LAB_INSTANCE=" + spec_.instance,
                                  "LAB_SHARED=/run/lab",
                                  // By this a node's daemon knows that halting ends the instance.
                                  "MAINSTAY_LAB=" + own_pid_namespace()};
  all.insert(all.end(), request.environment.begin(), request.environment.end());
  return all;
}

[[noreturn]] void become(const ExecRequest& request, const std::vector<std::string>& environment,
                         const std::array<int, 3>& streams, int complaint) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  for (int i = 0; i < 3; ++i) ::dup2(streams[static_cast<std::size_t>(i)], i);
  std::vector<char*> argv;
  for (const std::string& word : request.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::clearenv();
  for (const std::string& entry : environment) ::putenv(const_cast<char*>(entry.c_str()));
  ::execvp(argv[0], argv.data());
  const int number = errno;
  (void)!::write(complaint, &number, sizeof(number));
  ::_exit(127);
}

Result<pid_t> Init::start(const ExecRequest& request, const std::vector<Fd>& streams) {
  std::array<Fd, 3> own;
  std::array<int, 3> numbers{};
  if (request.detach) {
    const std::string& program = request.argv[0];
    const std::string log = request.log.empty()
                                ? "/var/log/" + program.substr(program.rfind('/') + 1) + ".log"
                                : request.log;
    own[0] = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    own[1] = Fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!own[1]) return system_failure("open " + log);
    numbers = {own[0].number(), own[1].number(), own[1].number()};
  } else {
    if (streams.size() != 3) return failure(Code::invalid, "a command needs three streams");
    for (std::size_t i = 0; i < 3; ++i) numbers[i] = streams[i].number();
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("make a pipe");
  const Fd hear(ends[0]);
  Fd complain(ends[1]);
  const auto variables = environment(request);
  const pid_t child = ::fork();
  if (child < 0) return system_failure("fork");
  if (child == 0) become(request, variables, numbers, complain.number());
  complain.reset();
  int number = 0;
  if (::read(hear.number(), &number, sizeof(number)) == sizeof(number)) {
    errno = number;
    return system_failure("run " + request.argv[0]);
  }
  return child;
}

void Init::boot() {
  for (const auto& argv : spec_.boot_commands) {
    const auto started = start({.argv = argv, .detach = true}, {});
    if (!started) {
      tell_lab(fmt::format("note boot command failed: {}", started.error().message));
    } else {
      children_[*started];
    }
  }
}

void Init::reap() {
  signalfd_siginfo info{};
  (void)!::read(signals_.number(), &info,
                sizeof(info));  // Non-blocking; wait() below tells the rest.
  for (;;) {
    int how = 0;
    const pid_t pid = ::waitpid(-1, &how, WNOHANG);
    if (pid <= 0) return;
    const auto child = children_.find(pid);
    if (child == children_.end()) continue;
    const int code = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    if (child->second.client) {
      (void)send_message(child->second.client, fmt::format("exited {}", code));
    }
    children_.erase(child);
  }
}

void Init::on_exec_client() {
  Fd client(::accept4(exec_.number(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) return;
  if (children_.size() >= clients_max) {
    (void)send_message(client, fmt::format("refused {} commands run already", clients_max));
    return;
  }
  auto message = receive_message(client, 2s);
  if (!message) return;
  const auto request = decode_exec_request(message->bytes);
  if (!request) {
    (void)send_message(client, "refused " + request.error().message);
    return;
  }
  const auto pid = start(*request, message->descriptors);
  if (!pid) {
    (void)send_message(client, "refused " + pid.error().message);
    return;
  }
  (void)send_message(client, fmt::format("started {}", *pid));
  if (request->detach) client.reset();
  children_[*pid].client = std::move(client);
}

void Init::on_client_gone(pid_t pid) {
  const auto child = children_.find(pid);
  if (child == children_.end()) return;
  ::kill(-pid, SIGKILL);
  child->second.client.reset();
}

void Init::begin_shutdown() {
  shutting_down_ = true;
  kill_at_ns_ = monotonic_ns() + std::int64_t{spec_.stop_patience_s} * 1'000'000'000;
  ::kill(-1, SIGTERM);
  ::kill(-1, SIGCONT);
}

void Init::on_control() {
  const auto message = receive_message(control(), 1s);
  if (!message || message->bytes.empty())
    ::_exit(1);  // The lab is gone, and everything here with it.
  if (message->bytes == "shutdown") begin_shutdown();
  if (message->bytes == "pause") {
    ::kill(-1, SIGSTOP);
    tell_lab("paused");
  }
  if (message->bytes == "resume") ::kill(-1, SIGCONT);
}

void Init::on_sysrq() {
  std::array<char, 4096> events{};
  (void)!::read(sysrq_.number(), events.data(), events.size());
  const auto text = read_file(sysrq_file);
  if (!text || text->empty()) return;
  (void)write_existing(sysrq_file, "");
  switch (text->front()) {
    case 'b':
    case 'c':
      tell_lab("reset");
      break;
    case 'o':
      tell_lab("power-off");
      break;
    default:
      break;
  }
}

void Init::on_reboot() {
  if (const auto asked = take_reboot(reboots_)) tell_lab(*asked);
}

int Init::run() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int one : {SIGCHLD, SIGTERM, SIGINT, SIGPIPE}) sigaddset(&watched, one);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_ = Fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  sysrq_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(sysrq_.number(), sysrq_file, IN_MODIFY);
  if (auto watch = watch_reboots()) {
    reboots_ = std::move(*watch);
  } else {
    tell_lab("note " + watch.error().message);  // Its own reboots then say good-bye to its peers.
  }
  tell_lab("ready");
  boot();
  for (;;) {
    std::vector<pollfd> polled = {{exec_.number(), POLLIN, 0},
                                  {control().number(), POLLIN, 0},
                                  {signals_.number(), POLLIN, 0},
                                  {sysrq_.number(), POLLIN, 0},
                                  {reboots_.number(), POLLIN, 0}};
    std::vector<pid_t> owners;
    for (const auto& [pid, child] : children_) {
      if (!child.client) continue;
      polled.push_back({child.client.number(), POLLIN, 0});
      owners.push_back(pid);
    }
    ::poll(polled.data(), polled.size(), shutting_down_ ? 20 : -1);
    if (polled[0].revents != 0) on_exec_client();
    if (polled[1].revents != 0) on_control();
    if (polled[2].revents != 0) reap();
    if (polled[3].revents != 0) on_sysrq();
    if (polled[4].revents != 0) on_reboot();
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (polled[5 + i].revents != 0) on_client_gone(owners[i]);
    }
    if (!shutting_down_) continue;
    reap();
    if (::kill(-1, 0) != 0 || monotonic_ns() > kill_at_ns_) return 0;  // The rest dies with us.
  }
}

}  // namespace

int run_init() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_NAME, "lab-init", 0, 0, 0);
  ::setenv("PATH", search_path, 1);
  for (const int number : {spec_descriptor, exec_descriptor, control_descriptor}) {
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
  }
  const auto text = read_file(fmt::format("/proc/self/fd/{}", spec_descriptor));
  const auto spec = text ? decode_init_spec(*text) : std::unexpected(text.error());
  // The lab connects our eth0 first; without it, or when the lab has died, there is nothing to be.
  const auto go = receive_message(control(), 10s);
  if (!spec || !go || go->bytes != "go") return 1;
  if (auto done = set_up(*spec); !done) {
    tell_lab("failed " + done.error().message);
    return 1;
  }
  return Init(*spec).run();
}

}  // namespace mainstay::lab
