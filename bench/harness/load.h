// What a daemon and the programs that it has started cost: processor time and memory, as the kernel
// counts them.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "harness/lab.h"

namespace mainstay::bench {

// The process of the daemon on that node, by the number that we know it by.
Result<int> daemon_of(const Lab& lab, const Programs& programs, const std::string& node);

struct Load {
  double cpu_ms = 0;         // since it began: its own, and of those it started that have ended
  std::int64_t rss_kib = 0;  // now: its own, and of all that it started and that still run
};
// not_found: it has ended.
Result<Load> load_of(int pid);

}  // namespace mainstay::bench
