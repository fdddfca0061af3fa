#include "adapters/history/history.h"

#include <filesystem>
#include <ranges>

#include <fmt/format.h>

namespace mainstay::adapters {
namespace {

// Rows added between two prunings.
constexpr std::size_t prune_every = 256;
// A reader of the file waits this long for what was just said to be in it.
constexpr Duration write_wait = 2s;

// "history.db.damaged-1", the first that is free: an earlier one may still be wanted.
std::string free_name(const std::string& file) {
  std::error_code ignored;
  for (int i = 1;; ++i) {
    std::string name = fmt::format("{}.damaged-{}", file, i);
    if (!std::filesystem::exists(name, ignored)) return name;
  }
}

}  // namespace

History::History(std::string file, HistoryLimits limits) : file_(std::move(file)), limits_(limits) {
  open();
  writer_ = std::jthread([this] { work(); });
}

History::~History() {
  close();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

// On the constructor's thread, later on the writer's.
void History::open() {
  auto opened = HistoryFile::open(file_);
  if (!opened && opened.error().code == Code::corrupt) {
    move_aside(opened.error().message);
    opened = HistoryFile::open(file_);
  }
  const auto last = opened ? opened->last_event() : Result<std::uint64_t>(0);
  const std::lock_guard lock(mutex_);
  if (opened && last) {
    last_event_ = std::max(last_event_, *last);
    open_file_ = std::move(*opened);
  } else {
    write_fault_ = opened ? last.error().message : opened.error().message;
  }
}

void History::move_aside(const std::string& fault) {
  const std::string aside = free_name(file_);
  std::error_code error;
  std::filesystem::rename(file_, aside, error);
  for (const char* suffix : {"-wal", "-shm"}) {
    std::error_code absent;  // They belong to the damaged file, and may not be there.
    std::filesystem::rename(file_ + suffix, aside + suffix, absent);
  }
  const std::lock_guard lock(mutex_);
  damage_ = error ? fmt::format(
                        "the event history {} is damaged ({}) and could not be moved aside: "
                        "{}",
                        file_, fault, error.message())
                  : fmt::format(
                        "the event history was damaged ({}); it was moved to {} and a new "
                        "one begun",
                        fault, aside);
}

std::uint64_t History::add(EventRecord event) {
  const std::lock_guard lock(mutex_);
  event.number = ++last_event_;
  recent_.push_back(event);
  if (recent_.size() > limits_.recent_max) recent_.pop_front();
  if (waiting_.events.size() < limits_.queue_max) {
    waiting_.events.push_back(std::move(event));
  } else {
    ++lost_;
  }
  changed_.notify_all();
  return last_event_;
}

void History::add(ActivationRecord record) {
  const std::lock_guard lock(mutex_);
  if (waiting_.activations.size() < limits_.queue_max) {
    waiting_.activations.push_back(std::move(record));
  } else {
    ++lost_;
  }
  changed_.notify_all();
}

void History::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const HistoryBatch batch = std::exchange(waiting_, {});
    writing_ = true;
    lock.unlock();
    write(batch);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

void History::write(const HistoryBatch& batch) {
  if (!open_file_) open();
  auto outcome = open_file_ ? open_file_->write(batch) : failure(Code::unavailable, "");
  if (!outcome && outcome.error().code == Code::corrupt) {
    open_file_.reset();
    move_aside(outcome.error().message);
    open();
    if (open_file_) outcome = open_file_->write(batch);
  }
  unpruned_ += batch.events.size() + batch.activations.size();
  if (outcome && unpruned_ >= prune_every) {
    outcome = open_file_->prune(limits_);
    unpruned_ = 0;
  }
  written(batch, outcome);
}

void History::written(const HistoryBatch& batch, const Status& outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome) {
    write_fault_.clear();
    return;
  }
  if (!outcome.error().message.empty()) write_fault_ = outcome.error().message;
  lost_ += batch.events.size() + batch.activations.size();
}

bool History::covered_by_memory(const EventRange& range) const {
  if (range.since >= last_event_) return true;
  if (recent_.empty()) return false;
  const std::uint64_t oldest = recent_.front().number;
  if (oldest <= range.since + 1) return true;
  return range.newest && recent_.size() >= range.limit;
}

std::vector<EventRecord> History::from_memory(const EventRange& range) const {
  std::vector<EventRecord> found;
  for (const auto& event : recent_) {
    if (event.number > range.since) found.push_back(event);
  }
  if (found.size() <= range.limit) return found;
  const auto surplus = static_cast<std::ptrdiff_t>(found.size() - range.limit);
  if (range.newest) {
    found.erase(found.begin(), found.begin() + surplus);
  } else {
    found.erase(found.end() - surplus, found.end());
  }
  return found;
}

void History::wait_until_written() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, write_wait, [this] { return waiting_.empty() && !writing_; });
}

std::vector<EventRecord> History::events(const EventRange& range, Duration wait) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [&] { return closed_ || last_event_ > range.since; });
    if (covered_by_memory(range)) return from_memory(range);
  }
  wait_until_written();
  auto file = HistoryFile::open_to_read(file_);
  auto found = file ? file->events(range) : std::unexpected(file.error());
  if (found) return std::move(*found);
  const std::lock_guard lock(mutex_);
  return from_memory(range);
}

Result<std::vector<ActivationRecord>> History::activations(std::string_view group,
                                                           std::size_t limit) {
  wait_until_written();
  auto file = HistoryFile::open_to_read(file_);
  auto found = file ? file->activations(group, limit) : std::unexpected(file.error());
  if (found) return found;
  return failure(found.error().code, fmt::format("the event history {} cannot be read: {}", file_,
                                                 found.error().message));
}

std::uint64_t History::last_event() const {
  const std::lock_guard lock(mutex_);
  return last_event_;
}

std::uint64_t History::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::vector<std::string> History::troubles() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  if (!damage_.empty()) found.push_back(damage_);
  if (!write_fault_.empty()) {
    found.push_back(
        fmt::format("the event history {} cannot be written: {}. Events are kept in "
                    "memory only",
                    file_, write_fault_));
  }
  if (lost_ > 0) {
    found.push_back(fmt::format("{} records are missing from the event history {}", lost_, file_));
  }
  return found;
}

void History::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace mainstay::adapters
