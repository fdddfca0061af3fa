// What a daemon holds: memory, files, threads, and what it has left on its node's disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "harness/lab.h"

namespace mainstay::bench {

struct Footprint {
  std::int64_t pid = 0;
  std::int64_t rss_kib = 0;
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
  std::int64_t files = 0;     // on its disk: state, history and logs
  std::int64_t disk_kib = 0;  // what these take
  friend bool operator==(const Footprint&, const Footprint&) = default;
};

// How much more a daemon may hold at the end than once it had warmed up.
struct GrowthLimits {
  std::int64_t rss_kib = 4 * 1024;
  std::int64_t descriptors = 8;
  std::int64_t threads = 2;
  std::int64_t files = 8;
  std::int64_t disk_kib = 64 * 1024;
};

// Of the daemon of that node. It is known by its process, so that one that was started anew shows.
Result<Footprint> footprint_of(const Lab& lab, const Programs& programs, const std::string& node);
// Six numbers in the order of the fields.
Result<Footprint> parse_footprint(std::string_view text);

// One sentence for each that grew beyond its limit; a daemon that is not the same any more is one.
std::vector<std::string> grown(const Footprint& warm, const Footprint& now,
                               const GrowthLimits& limits = {});

}  // namespace mainstay::bench
