// The campaign's worker processes: each takes every n-th seed and tells in one line what became of
// it. A worker that dies has failed the seed it was at; another one goes on behind it.
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>

#include "sim/campaign.h"

namespace mainstay::sim {
namespace {

struct Worker {
  pid_t pid = 0;
  int pipe = -1;
  std::uint64_t next = 0;  // the seed it is at
  std::string unread;
};

// seed, digest, simulated, double runs, the longest of them, law, text.
std::string line_of(const RunResult& result) {
  Duration longest{};
  for (const auto& run : result.double_runs) longest = std::max(longest, run.until - run.from);
  std::string law;
  std::string text;
  if (!result.passed()) {
    law = result.violations.front().law;
    text = fmt::format("{} at {} ({}; {} faults)", result.violations.front().text,
                       to_text(result.violations.front().at), result.environment, result.faults);
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
  }
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", result.seed, result.digest,
                     result.simulated.count(), result.double_runs.size(), longest.count(), law,
                     text);
}

void write_all(int pipe, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(pipe, text.data(), text.size());
    if (written <= 0) ::_exit(1);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void work(const Campaign& campaign, std::uint64_t seed, int pipe) {
  for (; seed <= campaign.to; seed += campaign.jobs) {
    write_all(pipe, line_of(run_seed(seed, campaign.options)));
  }
  ::_exit(0);
}

bool start(Worker& worker, const Campaign& campaign, const std::vector<Worker>& others) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return false;
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
  }
  if (pid == 0) {
    ::close(ends[0]);
    for (const auto& other : others) {
      if (other.pipe >= 0) ::close(other.pipe);
    }
    work(campaign, worker.next, ends[1]);
  }
  ::close(ends[1]);
  worker.pid = pid;
  worker.pipe = ends[0];
  worker.unread.clear();
  return true;
}

template <class Number>
Number number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at != std::string_view::npos;) {
    const auto end = line.find('\t', at);
    fields.push_back(line.substr(at, end - at));
    at = end == std::string_view::npos ? end : end + 1;
  }
  return fields;
}

// The laws' names are literals where they are broken; here one is needed that lives as long.
std::string_view lasting_law(std::string_view name) {
  static constexpr std::array<std::string_view, 14> laws = {
      "single_owner",      "terms_grow",      "permission",        "address_follows_owner",
      "monitors_are_pure", "everything_ends", "order_respected",   "no_flapping",
      "alerts_are_true",   "fences_by_right", "everything_served", "same_twice",
      "no_crash",          "latest_copy"};
  const auto* const found = std::ranges::find(laws, name);
  return found == laws.end() ? "?" : *found;
}

void fail(CampaignResult& result, std::uint64_t seed, std::string_view law, std::string text) {
  RunResult failed{.seed = seed};
  failed.violations.push_back({lasting_law(law), WorldTime{}, std::move(text)});
  result.failed.push_back(std::move(failed));
}

void take_line(CampaignResult& result, std::string_view line) {
  const auto fields = split(line);
  MAINSTAY_CHECK(fields.size() == 7);
  result.simulated += Duration(number<Duration::rep>(fields[2]));
  result.double_runs += number<std::uint64_t>(fields[3]);
  result.double_run_longest =
      std::max(result.double_run_longest, Duration(number<Duration::rep>(fields[4])));
  if (fields[5].empty()) {
    ++result.passed;
  } else {
    fail(result, number<std::uint64_t>(fields[0]), fields[5], std::string(fields[6]));
  }
}

std::string end_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) return fmt::format("the run ended with signal {}", WTERMSIG(status));
  return fmt::format("the run ended with exit code {}", WEXITSTATUS(status));
}

class Crew {
 public:
  Crew(const Campaign& campaign, const Progress& progress)
      : campaign_(campaign), progress_(progress), workers_(campaign.jobs) {}

  CampaignResult run() {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i].next = campaign_.from + i;
      if (workers_[i].next <= campaign_.to) start_or_fail(workers_[i]);
    }
    while (busy()) wait_once();
    std::ranges::sort(result_.failed, {}, &RunResult::seed);
    if (campaign_.options.twice) result_.simulated *= 2;
    return std::move(result_);
  }

 private:
  bool busy() const {
    return std::ranges::any_of(workers_, [](const Worker& worker) { return worker.pipe >= 0; });
  }

  void start_or_fail(Worker& worker) {
    if (start(worker, campaign_, workers_)) return;
    fail(result_, worker.next, "no_crash", "a worker process could not be started");
  }

  void wait_once() {
    std::vector<pollfd> waiting;
    std::vector<Worker*> whose;
    for (auto& worker : workers_) {
      if (worker.pipe < 0) continue;
      waiting.push_back({worker.pipe, POLLIN, 0});
      whose.push_back(&worker);
    }
    if (::poll(waiting.data(), waiting.size(), -1) < 0) return;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) read_some(*whose[i]);
    }
  }

  void read_some(Worker& worker) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(worker.pipe, buffer.data(), buffer.size());
    if (size <= 0) return on_end(worker);
    worker.unread.append(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = worker.unread.find('\n'); end != std::string::npos;
         end = worker.unread.find('\n')) {
      take_line(result_, std::string_view(worker.unread).substr(0, end));
      worker.unread.erase(0, end + 1);
      worker.next += campaign_.jobs;
      if (progress_) progress_(result_);
    }
    if (campaign_.stop_at_failure && !result_.failed.empty()) dismiss();
  }

  void on_end(Worker& worker) {
    ::close(worker.pipe);
    worker.pipe = -1;
    const std::string how = end_of(worker.pid);
    if (worker.next > campaign_.to || dismissed_) return;
    fail(result_, worker.next, "no_crash", how);
    if (progress_) progress_(result_);
    if (campaign_.stop_at_failure) return dismiss();
    worker.next += campaign_.jobs;
    if (worker.next <= campaign_.to) start_or_fail(worker);
  }

  void dismiss() {
    if (std::exchange(dismissed_, true)) return;
    for (auto& worker : workers_) {
      if (worker.pipe >= 0) ::kill(worker.pid, SIGKILL);
    }
  }

  const Campaign& campaign_;
  const Progress& progress_;
  std::vector<Worker> workers_;
  CampaignResult result_;
  bool dismissed_ = false;
};

}  // namespace

CampaignResult run_campaign(const Campaign& campaign, const Progress& progress) {
  MAINSTAY_CHECK(campaign.jobs > 0);
  return Crew(campaign, progress).run();
}

double children_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace mainstay::sim
