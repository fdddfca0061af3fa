// What a client lost: a probe that asks the service all the time, and what it saw.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "harness/lab.h"

namespace mainstay::bench {

struct Measurement {
  int requests = 0;
  int failed = 0;
  double outage_ms = 0;
  double both_active_ms = 0;
  // In the shared ledger, if there is one: lines by node, and those of an activation that arrived
  // after the first of a later one, be they written by the service of its own or asked for by a
  // client through the virtual IP.
  std::map<std::string, int> shared_lines;
  int late_lines = 0;
  int late_lines_through_vip = 0;
  bool ended = true;  // the client was served again in the end
  // Of the longest hole, if there was one: start of the last good request before it, of the first
  // good one after it.
  std::int64_t last_good_ns = 0;
  std::int64_t first_good_ns = 0;
};

class Probe {
 public:
  // Begins to ask this every 20 ms, for so long. The ledgers of the service begin anew.
  static Result<Probe> start(const Lab& lab, const Programs& programs, Duration duration,
                             const std::string& url = service_url(Site{}));
  // Waits for its end.
  Result<Measurement> finish();

 private:
  Probe(const Lab& lab, Programs programs, Background running, Duration duration)
      : lab_(&lab),
        programs_(std::move(programs)),
        running_(std::move(running)),
        duration_(duration) {}

  const Lab* lab_;
  Programs programs_;
  Background running_;
  Duration duration_;
};

}  // namespace mainstay::bench
