// Families of processes: cgroups, or marks in the environment.
#include "adapters/linux/family.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cctype>
#include <charconv>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "adapters/linux/proc_files.h"
#include "adapters/linux/seal.h"
#include "base/time.h"

namespace mainstay::adapters {
namespace {

namespace fs = std::filesystem;

// A family that keeps growing while it is being killed is given up after this many rounds.
constexpr int kill_rounds_max = 20;
// The inode of the initial PID namespace, fixed by the kernel's ABI.
constexpr ino_t initial_pid_namespace = 0xeffffffc;

bool write_file(const fs::path& path, std::string_view text) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write(fd.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<int> numbers(std::string_view text) {
  std::vector<int> result;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc() && number > 0) result.push_back(number);
    at = next == at ? at + 1 : next;
  }
  return result;
}

struct ProcessFacts {
  char state = 'X';
  int session = 0;
};

ProcessFacts facts_of(int pid) {
  const std::string text = read_small_file(fmt::format("/proc/{}/stat", pid), 4096);
  ProcessFacts facts;
  // The name in the second field may hold blanks and parentheses; the rest follows the last one.
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return facts;
  std::istringstream rest(text.substr(end_of_name + 1));
  int parent = 0;
  int group = 0;
  rest >> facts.state >> parent >> group >> facts.session;
  return facts;
}

bool has_mark(int pid, std::string_view mark) {
  const auto variables = environment_of(pid);
  return std::ranges::find(variables, mark) != variables.end();
}

struct Marked {
  std::set<int> pids;
  std::set<int> sessions;  // of those with the mark
};

bool living(const ProcessFacts& facts) { return facts.state != 'X' && facts.state != 'Z'; }

// The living processes with the mark, and those in their sessions.
Marked marked(std::string_view mark) {
  std::map<int, int> session_of;
  Marked found;
  for (const int pid : processes()) {
    const ProcessFacts facts = facts_of(pid);
    if (!living(facts) || pid == 1 || pid == getpid()) continue;
    session_of[pid] = facts.session;
    if (!has_mark(pid, mark)) continue;
    found.pids.insert(pid);
    found.sessions.insert(facts.session);
  }
  // Every program we start has a session of its own, so ours is none of theirs.
  found.sessions.erase(getsid(0));
  for (const auto& [pid, session] : session_of) {
    if (found.sessions.contains(session)) found.pids.insert(pid);
  }
  return found;
}

std::vector<int> cgroup_members(const fs::path& cgroup) {
  std::vector<int> result = numbers(read_small_file(cgroup / "cgroup.procs", 1024 * 1024));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cgroup, error)) {
    if (!entry.is_directory(error)) continue;
    for (const int pid : cgroup_members(entry.path())) result.push_back(pid);
  }
  return result;
}

// A number may be somebody else's by now, so it is looked at again once it is held by a pidfd.
template <class StillMember>
void signal_one(int pid, int number, const StillMember& still_member) {
  const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd || !still_member(pid)) return;
  syscall(SYS_pidfd_send_signal, pidfd.number(), number, nullptr, 0);
}

// To all with the mark, looked for until no new one appears.
void signal_marked(std::string_view mark, int number) {
  std::set<int> signalled;
  for (int round = 0; round < kill_rounds_max; ++round) {
    const std::size_t before = signalled.size();
    const Marked found = marked(mark);
    for (const int pid : found.pids) {
      if (!signalled.insert(pid).second) continue;
      signal_one(pid, number, [&](int each) {
        return found.sessions.contains(facts_of(each).session) || has_mark(each, mark);
      });
    }
    if (signalled.size() == before) return;
  }
}

void signal_cgroup(const fs::path& cgroup, int number) {
  std::set<int> signalled;
  for (int round = 0; round < kill_rounds_max; ++round) {
    const std::size_t before = signalled.size();
    for (const int pid : cgroup_members(cgroup)) {
      if (!signalled.insert(pid).second) continue;
      signal_one(pid, number, [&](int each) {
        const auto now = cgroup_members(cgroup);
        return std::ranges::find(now, each) != now.end();
      });
    }
    if (signalled.size() == before) return;
  }
}

void kill_cgroup(const fs::path& cgroup) {
  if (write_file(cgroup / "cgroup.kill", "1")) return;
  signal_cgroup(cgroup, SIGKILL);  // Kernels before 5.14.
}

// Directories of cgroups that hold nothing go; the others stay.
void remove_empty(const fs::path& cgroup) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cgroup, error)) {
    if (entry.is_directory(error)) remove_empty(entry.path());
  }
  rmdir(cgroup.c_str());
}

constexpr int removal_tries_max = 20;
constexpr Duration removal_pause = 5ms;

// Any text as a file name: what is not a letter, a digit or one of "._-" becomes %XX.
std::string file_name(std::string_view text) {
  std::string name;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (std::isalnum(byte) != 0 || each == '_' || each == '-' || (each == '.' && !name.empty())) {
      name += each;
    } else {
      name += fmt::format("%{:02x}", byte);
    }
  }
  return name;
}

fs::path cgroup_mount() {
  std::ifstream mounts("/proc/self/mounts");
  std::string device;
  std::string path;
  std::string type;
  std::string rest;
  while (mounts >> device >> path >> type && std::getline(mounts, rest)) {
    if (type == "cgroup2") return path;
  }
  return {};
}

}  // namespace

std::optional<fs::path> own_cgroup() {
  struct stat facts {};
  if (stat("/proc/self/ns/pid", &facts) != 0 || facts.st_ino != initial_pid_namespace) {
    return std::nullopt;
  }
  const fs::path mount = cgroup_mount();
  if (mount.empty()) return std::nullopt;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    const fs::path cgroup = mount / line.substr(4);
    if (access(cgroup.c_str(), W_OK) == 0) return cgroup;
  }
  return std::nullopt;
}

Families::Families(Settings settings) : settings_(std::move(settings)) {
  std::array<std::uint8_t, 8> random{};
  sodium_ready();
  random_bytes(random);
  boot_ = fmt::format("{:016x}", ByteReader(random).u64());
}

Families::~Families() {
  if (!settings_.cgroup) return;
  // What was killed a moment ago may still be on its way out.
  for (int tries = 0; tries < removal_tries_max; ++tries) {
    remove_empty(node_cgroup());
    if (!fs::exists(node_cgroup())) return;
    std::this_thread::sleep_for(removal_pause);
  }
}

fs::path Families::node_cgroup() const {
  return *settings_.cgroup /
         file_name(fmt::format("mainstay-{}-{}", settings_.cluster, settings_.node));
}

fs::path Families::cgroup_of(const std::string& family) const {
  return node_cgroup() / file_name(family);
}

std::string Families::any_family_mark() const {
  return fmt::format("MAINSTAY_FAMILY={}/{}/", settings_.cluster, settings_.node);
}

std::string Families::family_mark(const std::string& family) const {
  return any_family_mark() + family;
}

Families::Place Families::place(const std::string& family) {
  Place place{.family = family, .run = fmt::format("{}-{}", boot_, ++last_run_)};
  place.marks = {family_mark(family), "MAINSTAY_RUN=" + place.run};
  if (!settings_.cgroup) return place;
  const fs::path cgroup = cgroup_of(family) / place.run;
  std::error_code error;
  fs::create_directories(cgroup, error);
  place.cgroup_fd = Fd(open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (place.cgroup_fd) place.cgroup = cgroup;
  if (!place.cgroup_fd) unplaced_ = true;
  return place;
}

void Families::not_placed(Place& place) {
  forget(place);
  place.cgroup.reset();
  place.cgroup_fd.reset();
  unplaced_ = true;
}

void Families::forget(const Place& place) {
  if (!place.cgroup || rmdir(place.cgroup->c_str()) != 0) return;
  // They go too if this was the last program in them.
  if (rmdir(place.cgroup->parent_path().c_str()) != 0) return;
  rmdir(place.cgroup->parent_path().parent_path().c_str());
}

std::vector<int> Families::members(const std::string& family) const {
  std::set<int> found;
  if (settings_.cgroup) {
    const fs::path cgroup = cgroup_of(family);
    for (const int pid : cgroup_members(cgroup)) found.insert(pid);
    if (found.empty()) {
      remove_empty(cgroup);
      rmdir(node_cgroup().c_str());  // Goes if this was the last family in it.
    }
  }
  if (!settings_.cgroup || unplaced_) found.merge(marked(family_mark(family)).pids);
  return {found.begin(), found.end()};
}

void Families::ask_to_end(const std::string& family) const {
  for (const int number : {SIGTERM, SIGCONT}) {  // A stopped process must run to obey.
    if (settings_.cgroup) signal_cgroup(cgroup_of(family), number);
    if (!settings_.cgroup || unplaced_) signal_marked(family_mark(family), number);
  }
}

void Families::kill(const std::string& family) const {
  if (settings_.cgroup) kill_cgroup(cgroup_of(family));
  signal_marked(family_mark(family), SIGKILL);
}

void Families::kill(const Place& place) const {
  if (place.cgroup) kill_cgroup(*place.cgroup);
  signal_marked("MAINSTAY_RUN=" + place.run, SIGKILL);
}

}  // namespace mainstay::adapters
