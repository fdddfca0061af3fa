// Real etcd processes on loopback, for tests: started and ended by their own process number, with
// their data beside the test program.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"

namespace mainstay::etcd {

// A new folder beside the program that runs, gone with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string made =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "etcd-test-XXXXXX";
    MAINSTAY_CHECK(mkdtemp(made.data()) != nullptr);
    path_ = made;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A port that was free a moment ago.
inline int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  MAINSTAY_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  MAINSTAY_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(listener);
  return ntohs(address.sin_port);
}

class Member {
 public:
  struct Plan {
    std::string name;
    std::string folder;  // of its data and its log
    std::string client_url;
    std::string peer_url;
    std::vector<std::string> options = {};  // besides those that every member has
  };

  explicit Member(Plan plan) : plan_(std::move(plan)) {}
  ~Member() { kill(); }
  Member(Member&& other) noexcept : plan_(std::move(other.plan_)), pid_(other.pid_) {
    other.pid_ = -1;
  }
  Member& operator=(Member&&) = delete;

  void start(const std::string& initial_cluster) {
    MAINSTAY_CHECK(pid_ < 0);
    std::vector<std::string> words = {"etcd",
                                      "--name=" + plan_.name,
                                      "--data-dir=" + data(),
                                      "--listen-client-urls=" + plan_.client_url,
                                      "--advertise-client-urls=" + plan_.client_url,
                                      "--listen-peer-urls=" + plan_.peer_url,
                                      "--initial-advertise-peer-urls=" + plan_.peer_url,
                                      "--initial-cluster=" + initial_cluster,
                                      "--heartbeat-interval=50",
                                      "--election-timeout=500",
                                      "--log-level=warn"};
    words.insert(words.end(), plan_.options.begin(), plan_.options.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) live(argv);
  }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // It stands still, and its connections stay open.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }
  void lose_data() const { std::filesystem::remove_all(data()); }

  const std::string& url() const { return plan_.client_url; }
  std::string peer() const { return fmt::format("{}={}", plan_.name, plan_.peer_url); }
  std::string log() const {
    std::ifstream file(log_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string data() const { return fmt::format("{}/{}.data", plan_.folder, plan_.name); }
  std::string log_file() const { return fmt::format("{}/{}.log", plan_.folder, plan_.name); }
  [[noreturn]] void live(const std::vector<char*>& argv) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool logged = dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0;
    if (logged) execvp(argv[0], argv.data());
    constexpr std::string_view trouble = "etcd cannot be run: install Debian's etcd-server\n";
    (void)!write(STDERR_FILENO, trouble.data(), trouble.size());
    _exit(127);
  }

  Plan plan_;
  pid_t pid_ = -1;
};

// One etcd of several members, all started.
class Etcd {
 public:
  explicit Etcd(std::size_t count, const std::string& scheme = "http",
                const std::vector<std::string>& options = {}) {
    std::vector<std::string> peers;
    for (std::size_t i = 0; i < count; ++i) {
      members_.emplace_back(
          Member::Plan{.name = fmt::format("m{}", i + 1),
                       .folder = folder_ / "",
                       .client_url = fmt::format("{}://127.0.0.1:{}", scheme, free_port()),
                       .peer_url = fmt::format("http://127.0.0.1:{}", free_port()),
                       .options = options});
      peers.push_back(members_.back().peer());
    }
    initial_cluster_ = fmt::format("{}", fmt::join(peers, ","));
    for (Member& member : members_) member.start(initial_cluster_);
  }

  Member& operator[](std::size_t index) { return members_[index]; }
  std::size_t size() const { return members_.size(); }
  void start(std::size_t index) { members_[index].start(initial_cluster_); }
  std::vector<std::string> urls() const {
    std::vector<std::string> all;
    for (const Member& member : members_) all.push_back(member.url());
    return all;
  }
  std::string log() const { return members_.front().log(); }

 private:
  TestFolder folder_;
  std::string initial_cluster_;
  std::vector<Member> members_;
};

}  // namespace mainstay::etcd
