// A PostgreSQL on a mirror disk under load, on volumes that forget what was not flushed, and
// whatever can die under it, again and again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/programs.h"

namespace mainstay::bench {

struct KillOptions {
  int kills = 200;
  std::uint64_t seed = 1;
  int compare_every = 20;  // kills, after which both copies are compared byte for byte
  std::string file_system = "ext4";
};

struct KillReport {
  std::map<std::string, std::vector<double>>
      seconds;  // until it was mended and commits went on, by what was killed
  std::size_t acknowledged = 0;
  std::size_t rows = 0;
  int comparisons = 0;
  std::uint64_t lost_sectors = 0;  // of the volumes' caches
};

// Ends with the first acknowledged commit that is missing, file system that has an error, or copy
// that differs. Tells what it does, a line for each kill.
Result<KillReport> kill_database(const Programs& programs, const KillOptions& options);

}  // namespace mainstay::bench
