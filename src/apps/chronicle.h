// What the driver does, told on: notes to the log and the history, activations to the history, and
// all of it counted for the metrics. On the loop's thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/history/history.h"
#include "api/control.h"
#include "apps/log.h"

namespace mainstay::apps {

class Chronicle {
 public:
  Chronicle(Log& log, NodeName self) : log_(log), self_(std::move(self)) {}

  // From here on into the history too; nullptr: no more.
  void keep_in(adapters::History* history) { history_ = history; }

  void say(Severity severity, const std::string& subject, const std::string& text);
  void on_action(const Action& action);
  std::vector<api::Counter> counters() const;

 private:
  void record(const Activation& activation);

  Log& log_;
  NodeName self_;
  adapters::History* history_ = nullptr;
  std::map<std::string, std::uint64_t> activations_;  // by the weakest evidence they rest on
  std::map<std::string, std::uint64_t> notes_;        // by severity
};

// CLOCK_MONOTONIC, not our Clock's: comparable among all that run under this kernel.
std::int64_t monotonic_ns();

}  // namespace mainstay::apps
