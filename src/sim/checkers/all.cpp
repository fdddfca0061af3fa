// The laws that every run is held against.
#include "sim/checkers/checker.h"

namespace mainstay::sim {

std::vector<Checker> checkers_for(const Environment& environment) {
  std::vector<Checker> checkers;
  checkers.push_back(single_owner());
  checkers.push_back(terms_grow());
  if (environment.config->arbitration.arbiter.kind != ArbiterKind::none) {
    checkers.push_back(permission());
    checkers.push_back(fences_by_right());
    checkers.push_back(latest_copy());
  }
  checkers.push_back(address_follows_owner());
  checkers.push_back(monitors_are_pure());
  checkers.push_back(everything_ends());
  checkers.push_back(order_respected());
  checkers.push_back(no_flapping());
  checkers.push_back(alerts_are_true());
  return checkers;
}

}  // namespace mainstay::sim
