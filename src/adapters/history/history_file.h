// The event history on disk: one SQLite file. Used by one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/history/sqlite.h"
#include "base/record.h"

namespace mainstay::adapters {

struct HistoryLimits {
  std::size_t events_max = 100'000;
  std::size_t activations_max = 2'000;
  // Counted back from the newest record.
  std::chrono::hours age_max = std::chrono::hours(24 * 90);
  // Not written yet; more are kept in memory only, and counted.
  std::size_t queue_max = 4'096;
  // Kept in memory for those who follow.
  std::size_t recent_max = 1'000;
};

struct HistoryBatch {
  std::vector<EventRecord> events;
  std::vector<ActivationRecord> activations;
  bool empty() const { return events.empty() && activations.empty(); }
};

// The last `limit` events after `since`, or the first ones; oldest first.
struct EventRange {
  std::uint64_t since = 0;
  std::size_t limit = 100;
  bool newest = false;
};

class HistoryFile {
 public:
  // Makes it if it is not there. corrupt: it does not check out.
  static Result<HistoryFile> open(const std::string& file);
  // An existing one, without a check.
  static Result<HistoryFile> open_to_read(const std::string& file);

  Result<std::uint64_t> last_event();
  // All of it, or nothing.
  Status write(const HistoryBatch& batch);
  // Removes what is beyond the limits.
  Status prune(const HistoryLimits& limits);
  Result<std::vector<EventRecord>> events(const EventRange& range);
  // Newest first.
  Result<std::vector<ActivationRecord>> activations(std::string_view group, std::size_t limit);

 private:
  explicit HistoryFile(Database database) : database_(std::move(database)) {}
  Status write_rows(const HistoryBatch& batch);

  Database database_;
};

}  // namespace mainstay::adapters
