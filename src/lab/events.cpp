// The record of a lab, in memory.
#include "lab/events.h"

#include <chrono>

#include "lab/files.h"

namespace mainstay::lab {

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void EventLog::add(Event event) {
  if (event.monotonic_ns == 0) event.monotonic_ns = monotonic_ns();
  event.wall_ms = wall_clock_ms() - (monotonic_ns() - event.monotonic_ns) / 1'000'000;
  const std::lock_guard lock(mutex_);
  event.number = ++last_;
  events_.push_back(std::move(event));
  if (events_.size() > events_max) events_.pop_front();
}

void EventLog::add(std::string_view kind, std::string text) {
  add(Event{.kind = std::string(kind), .text = std::move(text)});
}

std::vector<Event> EventLog::since(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto first = std::ranges::upper_bound(events_, number, std::less<>(),
                                              [](const Event& e) { return e.number; });
  return {first, events_.end()};
}

}  // namespace mainstay::lab
