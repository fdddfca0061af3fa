// What happened, as it is kept and shown: plain words, so that the event history, the API and the
// command line need to know nothing of who decided it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace mainstay {

// One line of the event history.
struct EventRecord {
  std::uint64_t number = 0;  // rises by one with each event of this node, across its restarts
  WallTime time;
  // CLOCK_MONOTONIC: the same for everything that runs under one kernel, so that what several
  // instances of a lab saw can be put in order.
  std::int64_t monotonic_ns = 0;
  std::string node;      // who says so
  std::string severity;  // information, warning, error
  std::string subject;   // "web", "b", "awsvip1", "path lan"
  std::string text;
  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};

// Why one other node could not be running the group.
struct ClearanceRecord {
  std::string node;
  std::string evidence;
  bool strong = false;
  std::string why;
  friend bool operator==(const ClearanceRecord&, const ClearanceRecord&) = default;
};

// The record of one activation of a group.
struct ActivationRecord {
  WallTime time;
  std::int64_t monotonic_ns = 0;
  std::string group;
  std::uint64_t term = 0;
  std::string node;
  std::string reason;
  std::vector<ClearanceRecord> clearances;
  friend bool operator==(const ActivationRecord&, const ActivationRecord&) = default;
};

}  // namespace mainstay
