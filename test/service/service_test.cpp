// The packaged unit under a real systemd: an instance of it that has a mount namespace, a network
// namespace and control groups of its own. The daemon there may not halt anything.
#include <doctest/doctest.h>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/process.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

namespace fs = std::filesystem;

constexpr Duration patience = 60s;
constexpr const char* unit = "mainstayd.service";
const fs::path runtime = "/run/service-test";

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
  REQUIRE(fs::file_size(file) == text.size());
}

std::string read(const fs::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// What is mounted and configured here goes with this process.
void leave_namespaces() {
  static const bool left = unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           mount("none", "/run", "tmpfs", 0, nullptr) == 0 &&
                           // systemd looks there for a sign of itself before it runs for a user.
                           fs::create_directories("/run/systemd/system") &&
                           fs::create_directories(runtime);
  REQUIRE(left);
  must(output_of({.argv = {"ip", "link", "set", "lo", "up"}}));
}

// A control group in every hierarchy that systemd and the daemon look at.
class Slice {
 public:
  Slice() {
    for (const char* root :
         {"/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"}) {
      if (!fs::exists(fs::path(root) / "cgroup.procs")) continue;
      folders_.push_back(fs::path(root) / fmt::format("mainstay-service-{}", getpid()));
      fs::create_directory(folders_.back());
    }
    REQUIRE_FALSE(folders_.empty());
  }
  ~Slice() {
    for (const fs::path& folder : folders_) remove(folder);
  }
  // The words of a shell that goes into it.
  std::string enter() const {
    std::string words;
    for (const fs::path& folder : folders_) {
      words += fmt::format("echo $$ > {}/cgroup.procs && ", folder.string());
    }
    return words;
  }

 private:
  static void remove(const fs::path& folder) {
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(folder, gone)) {
      if (entry.is_directory()) remove(entry.path());
    }
    fs::remove(folder, gone);
  }
  std::vector<fs::path> folders_;
};

bool alive(const std::string& pid) { return !pid.empty() && fs::exists("/proc/" + pid); }

class Stage {
 public:
  Stage() : folder_(must(RunFolder::make("service"))), programs_(must(find_programs())) {
    leave_namespaces();
    environment_ = {{"XDG_RUNTIME_DIR", runtime.string()},
                    {"XDG_CONFIG_HOME", path("config")},
                    {"XDG_STATE_HOME", path("state")},
                    {"HOME", folder_.path()},
                    {"DBUS_SESSION_BUS_ADDRESS", ""}};
    configure();
    systemd_.emplace(must(Background::start(
        {.argv = {"/bin/sh", "-c", slice_.enter() + "exec /lib/systemd/systemd --user"},
         .environment = environment_},
        path("systemd.log"))));
    wait_for("systemd", [this] { return systemctl({"show-environment"}).has_value(); });
    must(systemctl({"daemon-reload"}));
    // It is the packaged unit, and what it starts has no power over this machine.
    REQUIRE(show("FragmentPath").ends_with(unit));
    REQUIRE(show("ExecStart").find(programs_.daemon) != std::string::npos);
    REQUIRE(show("ExecStart").find("--may-halt") == std::string::npos);
  }
  ~Stage() {
    static_cast<void>(systemctl({"stop", unit}));
    systemd_->end();
  }

  Result<std::string> systemctl(std::vector<std::string> words) {
    words.insert(words.begin(), {"systemctl", "--user"});
    return output_of(
        {.argv = std::move(words), .environment = environment_, .patience = 2 * patience});
  }
  std::string show(const std::string& property) {
    const std::string value = must(systemctl({"show", unit, "--value", "--property", property}));
    return value.substr(0, value.find_last_not_of('\n') + 1);
  }
  bool runs_group() {
    const auto status = output_of({.argv = {programs_.command, "status", "--json"},
                                   .environment = {{"MAINSTAY_SOCKET", path("socket")}}});
    return status && status->find("\"running\"") != std::string::npos;
  }
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  // The service's program, and one that it lost.
  std::string program() const { return word(path("pid")); }
  std::string lost_program() const { return word(path("lost_pid")); }

  template <class Condition>
  void wait_for(const std::string& what, Condition condition) {
    const std::int64_t end = monotonic_ns() + patience.count();
    while (!condition()) {
      if (monotonic_ns() > end) FAIL(fmt::format("waited in vain for {}", what));
      pause(50ms);
    }
  }

 private:
  static std::string word(const std::string& file) {
    std::istringstream text(read(file));
    std::string result;
    text >> result;
    return result;
  }

  void configure() {
    write(path("key"), must(output_of({.argv = {programs_.command, "keygen"}})));
    fs::permissions(path("key"), fs::perms::owner_read | fs::perms::owner_write);
    write(path("app"),
          fmt::format("#!/bin/sh\nsetsid sh -c 'echo $$ > {0}/lost_pid; exec sleep 9999' &\n"
                      "echo $$ > {0}/pid\nexec sleep 9999\n",
                      folder_.path()));
    fs::permissions(path("app"), fs::perms::owner_all);
    write(path("cluster.toml"),
          fmt::format(
              "name = \"service\"\nkey_file = \"{0}/key\"\n[timing]\nstart_wait = \"1s\"\n"
              "[[node]]\nname = \"a\"\n[[node]]\nname = \"b\"\n"
              "[[path]]\nname = \"lo\"\naddress = {{ a = \"127.0.0.1\", b = \"127.0.0.2\" }}\n"
              "[arbitration]\nallow_presumed = true\n"
              "[[group]]\nname = \"web\"\n"
              "[[resource]]\nname = \"app\"\ntype = \"script\"\ngroup = \"web\"\n"
              "mode = \"resident\"\nstart = [\"{0}/app\"]\n",
              folder_.path()));
    const fs::path units = path("config/systemd/user");
    write(units / unit, read(fs::path("packaging/systemd") / unit));
    write(units / fmt::format("{}.d/here.conf", unit),
          fmt::format("[Unit]\nConditionPathExists=\n[Service]\nExecStart=\n"
                      "ExecStart={0} --node a --config {1}/cluster.toml --socket {1}/socket "
                      "--state-dir {1}/state/daemon --log-dir {1}/log\n",
                      programs_.daemon, folder_.path()));
  }

  RunFolder folder_;
  Programs programs_;
  std::map<std::string, std::string> environment_;
  Slice slice_;
  std::optional<Background> systemd_;
};

}  // namespace

TEST_CASE("systemd starts the packaged unit, waits until it is ready, and stops it in order") {
  Stage stage;
  must(stage.systemctl({"start", unit}));
  CHECK(stage.show("ActiveState") == "active");
  CHECK(stage.show("WatchdogUSec") == "5s");
  stage.wait_for("the group", [&] { return stage.runs_group(); });
  const std::string program = stage.program();
  const std::string lost = stage.lost_program();
  REQUIRE(alive(program));
  REQUIRE(alive(lost));
  // Longer than the watchdog's time: it hears of the daemon in between.
  REQUIRE(pause(7s));
  CHECK(stage.show("NRestarts") == "0");
  CHECK(stage.program() == program);
  must(stage.systemctl({"stop", unit}));
  CHECK(stage.show("Result") == "success");
  CHECK(stage.show("ExecMainStatus") == "0");
  CHECK_FALSE(alive(program));
  CHECK_FALSE(alive(lost));
}

TEST_CASE("a daemon that falls silent is ended by systemd, its programs with it, and begins anew") {
  Stage stage;
  must(stage.systemctl({"start", unit}));
  stage.wait_for("the group", [&] { return stage.runs_group(); });
  const std::string program = stage.program();
  const std::string lost = stage.lost_program();
  REQUIRE(alive(program));
  REQUIRE(alive(lost));
  const int daemon = std::stoi(stage.show("MainPID"));
  REQUIRE(kill(daemon, SIGSTOP) == 0);
  const std::int64_t silent = monotonic_ns();
  stage.wait_for("the watchdog", [&] { return !alive(std::to_string(daemon)); });
  CHECK(monotonic_ns() - silent >= Duration(2s).count());
  stage.wait_for("the restart", [&] { return stage.show("NRestarts") == "1"; });
  CHECK_FALSE(alive(program));
  CHECK_FALSE(alive(lost));
  stage.wait_for("the group", [&] { return stage.runs_group() && alive(stage.program()); });
  CHECK(stage.program() != program);
}

}  // namespace mainstay::bench
