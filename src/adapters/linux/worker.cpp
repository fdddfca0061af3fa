// One thread beside the loop.
#include "adapters/linux/worker.h"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

namespace mainstay::adapters {

struct Worker::State {
  explicit State(std::shared_ptr<Mailbox> loop_mailbox) : mailbox(std::move(loop_mailbox)) {}

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool ended = false;
  std::shared_ptr<Mailbox> mailbox;
  std::thread thread;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ended || !jobs.empty(); });
      if (jobs.empty()) return;
      Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      mailbox->post(job());
      lock.lock();
    }
  }
};

Worker::Worker(Loop& loop, AtEnd at_end)
    : state_(std::make_shared<State>(loop.mailbox())), at_end_(at_end) {}

Worker::~Worker() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->ended = true;
    if (at_end_ == AtEnd::abandon) state_->jobs.clear();
  }
  state_->changed.notify_one();
  if (!state_->thread.joinable()) return;
  if (at_end_ == AtEnd::finish) {
    state_->thread.join();
  } else {
    state_->thread.detach();
  }
}

bool Worker::submit_pair(Job job) {
  const std::scoped_lock lock(state_->mutex);
  if (state_->jobs.size() >= worker_jobs_max) return false;
  state_->jobs.push_back(std::move(job));
  if (!state_->thread.joinable()) {
    // Signals are the loop's business: the thread starts with all of them blocked.
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    state_->thread = std::thread([state = state_] { state->work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  state_->changed.notify_one();
  return true;
}

}  // namespace mainstay::adapters
