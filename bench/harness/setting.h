// What the measured cluster's failover may rest on, and what has to run in the lab for that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/lab.h"

namespace mainstay::bench {

inline constexpr std::string_view presumed_evidence = "presumed";
inline constexpr std::string_view dynamodb_evidence = "dynamodb";
inline constexpr std::string_view etcd_evidence = "etcd";
inline constexpr std::string_view forced_stop_evidence = "forced-stop";

inline constexpr const char* store_instance = "store";

struct Setting {
  std::string evidence{presumed_evidence};
  std::string profile = "default";
  // A forced stop is configured besides the arbiter.
  bool forced_stop_too = false;
  Pattern pattern = Pattern::vip;
  bool ipv6 = false;  // the lab has addresses of IPv6, too
};

// "presumed", "dynamodb", "etcd", "forced-stop".
const std::vector<std::string>& evidence_names();
bool has_arbiter(std::string_view evidence);

// What the lab has besides the pattern's layout.
LabWish wish_of(const Setting& setting);
// Starts there what the cluster needs, and says how the cluster is configured.
Result<Site> arrange(const Lab& lab, const Programs& programs, const Setting& setting);

// The arbiter answers nobody, until it is brought back.
Status take_arbiter_away(const Lab& lab, const Site& site);
Status bring_arbiter_back(const Lab& lab, const Site& site);

}  // namespace mainstay::bench
