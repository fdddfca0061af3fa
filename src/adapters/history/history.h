// The event history: what happened, kept over restarts, without ever holding up who says it.
//
// Everything may be called from any thread. Adding never waits: a thread of its own writes the
// file. A file that is damaged is moved aside and a new one begun; one that cannot be written costs
// the memory of a restart, never the daemon: the newest events stay in memory, and troubles() says
// what is lost.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/history/history_file.h"

namespace mainstay::adapters {

class History {
 public:
  History(std::string file, HistoryLimits limits);
  // Writes what is waiting.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Gives the event its number, and returns it.
  std::uint64_t add(EventRecord event);
  void add(ActivationRecord record);

  // If there are none after `range.since`, waits this long for one.
  std::vector<EventRecord> events(const EventRange& range, Duration wait);
  Result<std::vector<ActivationRecord>> activations(std::string_view group, std::size_t limit);
  std::uint64_t last_event() const;
  // In sentences; empty if all is well.
  std::vector<std::string> troubles() const;
  std::uint64_t lost() const;
  // Nobody waits for events any more: those who do are answered now.
  void close();

 private:
  void open();
  void move_aside(const std::string& fault);
  void work();
  void write(const HistoryBatch& batch);
  void written(const HistoryBatch& batch, const Status& outcome);
  bool covered_by_memory(const EventRange& range) const;
  std::vector<EventRecord> from_memory(const EventRange& range) const;
  void wait_until_written();

  const std::string file_;
  const HistoryLimits limits_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EventRecord> recent_;
  HistoryBatch waiting_;
  std::uint64_t last_event_ = 0;
  std::uint64_t lost_ = 0;
  std::string damage_;       // of an earlier file, moved aside
  std::string write_fault_;  // "" if the last write succeeded
  bool writing_ = false;
  bool closed_ = false;
  bool ending_ = false;

  // The writer's alone.
  std::optional<HistoryFile> open_file_;
  std::size_t unpruned_ = 0;

  std::jthread writer_;
};

}  // namespace mainstay::adapters
