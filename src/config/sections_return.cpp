// The fields of [return], [reboot_limit] and [shutdown].
#include "config/sections.h"

namespace mainstay {

const std::vector<Field>& return_fields() {
  static const std::vector<Field> fields = {
      field(&ReturnConfig::automatic, "automatic")
          .help("Whether a node whose last run did not end in order joins by itself. If false, it "
                "runs nothing until `mainstay node recover`."),
      field(&ReturnConfig::losses_max, "losses_max")
          .help("How often a node may be lost within `losses_within` until it is quarantined; 0 = "
                "there is no quarantine.")
          .range(0, 10),
      field(&ReturnConfig::losses_within, "losses_within")
          .help("The time in which losses are counted.")
          .range(10s, 24h),
      field(&ReturnConfig::quarantine, "quarantine")
          .help("How long a quarantine lasts; 0 = until `mainstay node recover`.")
          .range(0s, 168h),
  };
  return fields;
}

const std::vector<Field>& reboot_limit_fields() {
  static const std::vector<Field> fields = {
      field(&RebootLimitConfig::max, "max")
          .help("How often in a row a final action or the action at isolation may shut the node "
                "down or reboot it; 0 = as often as it comes to that.")
          .range(0, 99),
      field(&RebootLimitConfig::reset_after, "reset_after")
          .help("A node that has run for this long counts from the beginning.")
          .range(1min, 168h),
  };
  return fields;
}

const std::vector<Field>& shutdown_fields() {
  static const std::vector<Field> fields = {
      choice<ShutdownConfig, ShutdownGroups>(
          &ShutdownConfig::groups, "groups",
          {{"move", ShutdownGroups::move}, {"stop", ShutdownGroups::stop}})
          .help("What becomes of a node's groups when the operating system shuts down: they move "
                "to other nodes, or stop until this node is back."),
      field(&ShutdownConfig::timeout, "timeout")
          .help("How long that may take; what still runs then is killed.")
          .range(1s, 1h),
  };
  return fields;
}

}  // namespace mainstay
