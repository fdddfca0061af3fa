// What the doctor says: of each thing that a failover will need, whether it is there now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.h"

namespace mainstay::doctor {

// In the order of how bad they are. `unknown`: it could not be asked.
enum class Grade { good, unknown, warning, error };
std::string_view to_text(Grade grade);

// What `--fix` can do. Each makes true what the configuration needs and takes nothing away.
enum class RepairKind { disable_source_dest_check, add_route };
struct Repair {
  RepairKind kind = RepairKind::add_route;
  std::string eni;
  std::string table;        // add_route
  std::string destination;  // add_route
  friend bool operator==(const Repair&, const Repair&) = default;
};
// "add the route 10.1.0.20/32 to rtb-1, to eni-1".
std::string to_text(const Repair& repair);

struct Finding {
  std::string check;  // "source-dest-check"
  Grade grade = Grade::good;
  std::string fact;
  std::string why;     // what it means at a failover; "" if all is good
  std::string remedy;  // the command that mends it, or what to do
  std::optional<Repair> repair;
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct Report {
  NodeName node;
  std::vector<Finding> findings;  // the worst first
};

}  // namespace mainstay::doctor
