// What a run of the probe and a ledger of activity say: how long clients went without, how long two
// nodes were active. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::lab {

struct ProbeRecord {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  bool ok = false;
  std::string node = {};   // who answered
  std::string error = {};  // if not ok
  friend bool operator==(const ProbeRecord&, const ProbeRecord&) = default;
};

// A row of requests of which none was answered.
struct Hole {
  std::int64_t from_ns =
      0;  // start of the last good request before it; of the first request if there was none
  std::int64_t to_ns =
      0;  // start of the first good request after it; end of the last one if there was none
  int failed = 0;
  bool ended = true;  // a good request came after it
  friend bool operator==(const Hole&, const Hole&) = default;
};

struct OutageReport {
  int requests = 0;
  int failed = 0;
  Duration outage{};  // the longest hole; 0 when no request failed
  std::vector<Hole> holes = {};
  std::vector<std::string> nodes = {};  // in the order in which they first answered
  friend bool operator==(const OutageReport&, const OutageReport&) = default;
};

// Requests are taken in the order in which they started.
OutageReport analyse_requests(std::vector<ProbeRecord> records);

struct LedgerEntry {
  std::int64_t at_ns = 0;
  std::string name;
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

inline constexpr Duration ledger_interval = std::chrono::milliseconds(5);
inline constexpr Duration ledger_gap_max = std::chrono::milliseconds(15);

// A name is active from an entry to the next one less than gap_max later. The total time in which
// two or more names are active at once.
Duration both_active(std::vector<LedgerEntry> entries, Duration gap_max = ledger_gap_max);

// Calls `use` for each line of a file called `what`. The last one may be cut off and is then passed
// over; any other that `use` refuses is an error.
Status for_lines(std::string_view text, std::string_view what,
                 const std::function<bool(std::string_view)>& use);

// Lines of text files. A line that was cut off at the end of the file is left out; any other bad
// line is an error.
Result<std::vector<ProbeRecord>> parse_probe_records(std::string_view json_lines);
std::string print(const ProbeRecord& record);
Result<std::vector<LedgerEntry>> parse_ledger(std::string_view text);

struct AnalysedFiles {
  std::string probe;
  std::string ledger = {};         // empty: there is none
  std::string shared_ledger = {};  // empty: there is none
};
// All read and analysed, as JSON.
Result<std::string> analyse_files(const AnalysedFiles& files, Duration gap_max);

}  // namespace mainstay::lab
