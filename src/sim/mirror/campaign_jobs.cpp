// The campaign's worker processes: each takes every n-th seed and says in a line what became of it.
// A worker that dies has failed the seed it was at, and another goes on behind it.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "base/check.h"
#include "sim/mirror/campaign.h"

namespace mainstay::mirror_sim {
namespace {

struct Worker {
  pid_t pid = 0;
  int pipe = -1;
  std::uint64_t next = 0;  // the seed it is at
  std::string unread;
};

[[noreturn]] void work(const Campaign& campaign, std::uint64_t seed, int pipe) {
  for (; seed <= campaign.to; seed += campaign.jobs) {
    const RunResult result = run_seed(seed, campaign.options);
    const std::string line = fmt::format("{}\t{}\n", result.law, result.text);
    if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(1);
  }
  ::_exit(0);
}

class Crew {
 public:
  Crew(const Campaign& campaign, const Progress& progress)
      : campaign_(campaign), progress_(progress), workers_(campaign.jobs) {}

  CampaignResult run() {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i].next = campaign_.from + i;
      start(workers_[i]);
    }
    while (std::ranges::any_of(workers_, [](const Worker& each) { return each.pipe >= 0; })) {
      wait_once();
    }
    std::ranges::sort(result_.failed, {}, &RunResult::seed);
    return std::move(result_);
  }

 private:
  void start(Worker& worker) {
    if (worker.next > campaign_.to || dismissed_) return;
    std::array<int, 2> ends{};
    MAINSTAY_CHECK(::pipe(ends.data()) == 0);
    std::fflush(nullptr);
    worker.pid = ::fork();
    MAINSTAY_CHECK(worker.pid >= 0);
    if (worker.pid == 0) {
      ::close(ends[0]);
      for (const Worker& each : workers_) {
        if (each.pipe >= 0) ::close(each.pipe);
      }
      work(campaign_, worker.next, ends[1]);
    }
    ::close(ends[1]);
    worker.pipe = ends[0];
    worker.unread.clear();
  }

  void wait_once() {
    std::vector<pollfd> waiting;
    for (const Worker& worker : workers_) waiting.push_back({worker.pipe, POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0) return;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd >= 0 && waiting[i].revents != 0) read_some(workers_[i]);
    }
  }

  void read_some(Worker& worker) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(worker.pipe, buffer.data(), buffer.size());
    if (size <= 0) return on_end(worker);
    worker.unread.append(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = worker.unread.find('\n'); end != std::string::npos;
         end = worker.unread.find('\n')) {
      const auto tab = worker.unread.find('\t');
      settle(worker, worker.unread.substr(0, tab), worker.unread.substr(tab + 1, end - tab - 1));
      worker.unread.erase(0, end + 1);
    }
  }

  void settle(Worker& worker, std::string law, std::string text) {
    if (law.empty()) {
      ++result_.passed;
    } else {
      result_.failed.push_back(
          {.seed = worker.next, .law = std::move(law), .text = std::move(text), .story = {}});
    }
    worker.next += campaign_.jobs;
    if (progress_) progress_(result_);
    if (campaign_.stop_at_failure && !result_.failed.empty()) dismiss();
  }

  void on_end(Worker& worker) {
    ::close(worker.pipe);
    worker.pipe = -1;
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
    if (worker.next > campaign_.to || dismissed_) return;
    settle(worker, "no_crash", fmt::format("the run ended with status {}", status));
    start(worker);
  }

  void dismiss() {
    if (std::exchange(dismissed_, true)) return;
    for (const Worker& worker : workers_) {
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

}  // namespace mainstay::mirror_sim
