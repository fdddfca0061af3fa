// How recipes and monitors of one node share AWS: AWS counts the calls of a whole account.
//
// Recipes are passed through, since clients wait for them. Monitors are merged (what one has just
// read of a VPC's route tables serves the others), and when AWS says that there are too many calls,
// monitors are the first to be quiet: what they would have asked is answered with `throttled`,
// which moves nothing.
#pragma once

#include <memory>

#include "base/name.h"
#include "ports/aws.h"
#include "ports/clock.h"

namespace mainstay {

class AwsBudget {
 public:
  // Both outlive this, and this outlives every call.
  AwsBudget(Aws& aws, Clock& clock);
  ~AwsBudget();
  AwsBudget(const AwsBudget&) = delete;
  AwsBudget& operator=(const AwsBudget&) = delete;

  Aws& for_recipes();
  // It is never served twice with one reading: its second look confirms the first.
  Aws& for_monitor(const MonitorName& monitor);

  // How old a reading may be that serves another monitor.
  static constexpr Duration merge_within = 5s;
  static constexpr Duration pause_min = 30s;
  static constexpr Duration pause_max = 2min;

 private:
  class Through;
  class ForRecipes;
  class ForMonitor;
  struct Parts;

  std::unique_ptr<Parts> parts_;
};

}  // namespace mainstay
