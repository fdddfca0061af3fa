// What happened in the lab, each entry with the instant it happened on the clock all namespaces
// share.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mainstay::lab {

struct Event {
  std::uint64_t number = 0;
  std::int64_t monotonic_ns = 0;
  std::int64_t wall_ms = 0;
  std::string kind;  // "api", "route", "instance", "volume", "fault", "lab"
  std::string text;  // one sentence for a person
  // Only of API calls: what was asked, by whom, what came of it and how long it took.
  std::string action = {};
  std::string caller = {};
  std::string outcome = {};
  std::int64_t duration_us = 0;
  // What programs want to know without reading the sentence: ids, destinations, parameters.
  std::vector<std::pair<std::string, std::string>> details = {};
};

inline constexpr std::size_t events_max = 50'000;  // the oldest are forgotten

class EventLog {
 public:
  // Stamps and keeps it; monotonic_ns is kept if it was set.
  void add(Event event);
  void add(std::string_view kind, std::string text);
  // Those after the given number.
  std::vector<Event> since(std::uint64_t number) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::uint64_t last_ = 0;
};

std::int64_t wall_clock_ms();

}  // namespace mainstay::lab
