// What disks and wire allow at best, by the plainest program there is: each request is sent and
// done locally side by side, and is over when both have it. No order, no metadata, no device.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::bench {

struct WireLoad {
  std::string local;   // a file on this side
  std::string remote;  // and on the other
  std::uint64_t size = 0;
  std::size_t request = 4096;
  int depth = 1;
  bool flush = false;  // both sides flush each request
  bool copy = false;   // read locally, written remotely, one after the other: a resync
  bool sequential = false;
  Duration length = 2s;
};

struct LoadResult {
  double per_second = 0;  // requests
  double bytes_per_second = 0;
  double p99_us = 0;
};

// Over loopback, with a thread and a connection for each request under way.
Result<LoadResult> run_on_wire(const WireLoad& load);

}  // namespace mainstay::bench
