#include "harness/load.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "base/file.h"

namespace mainstay::bench {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link_of(const std::string& path) {
  std::error_code error;
  const auto target = fs::read_symlink(path, error);
  return error ? "" : target.string();
}

// The fields of /proc/PID/stat behind the program's name, which may hold anything.
std::vector<std::string> stat_fields(int pid) {
  const std::string text = text_of(fmt::format("/proc/{}/stat", pid));
  const auto end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream words(text.substr(end + 1));
  return {std::istream_iterator<std::string>(words), {}};
}

// Ticks of 10 ms are too coarse for a daemon that has little to do.
double own_cpu_ms(int pid) {
  double total_ns = 0;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    double ns = 0;
    std::istringstream(text_of(task.path() / "schedstat")) >> ns;
    total_ns += ns;
  }
  return total_ns / 1e6;
}

double number(const std::vector<std::string>& fields, std::size_t index) {
  return fields.size() > index ? std::strtod(fields[index].c_str(), nullptr) : 0;
}

std::int64_t rss_kib(int pid) {
  const double pages = number(stat_fields(pid), 21);
  return static_cast<std::int64_t>(pages) * (sysconf(_SC_PAGESIZE) / 1024);
}

std::int64_t rss_with_children_kib(int pid) {
  std::int64_t total = rss_kib(pid);
  std::error_code error;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::istringstream children(text_of(task.path() / "children"));
    for (int child = 0; children >> child;) total += rss_with_children_kib(child);
  }
  return total;
}

}  // namespace

Result<int> daemon_of(const Lab& lab, const Programs& programs, const std::string& node) {
  const auto network = lab.exec(node, {"/usr/bin/readlink", "/proc/self/ns/net"});
  if (!network) return std::unexpected(network.error());
  std::vector<int> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (problem != std::errc() || end != name.data() + name.size()) continue;
    if (link_of(entry.path() / "exe") != programs.daemon) continue;
    const std::string own = link_of(entry.path() / "ns/net");
    if (!own.empty() && network->starts_with(own)) found.push_back(pid);
  }
  // The first is the daemon: those it starts look like it until they become another program.
  if (!found.empty()) return *std::ranges::min_element(found);
  return failure(Code::not_found, fmt::format("no daemon runs on {}", node));
}

Result<Load> load_of(int pid) {
  const auto fields = stat_fields(pid);
  if (fields.empty()) return failure(Code::not_found, fmt::format("process {} has ended", pid));
  const double tick_ms = 1000.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  const double ended_ms = (number(fields, 13) + number(fields, 14)) * tick_ms;
  return Load{own_cpu_ms(pid) + ended_ms, rss_with_children_kib(pid)};
}

}  // namespace mainstay::bench
