#include "doctor/finding.h"

#include <fmt/format.h>

namespace mainstay::doctor {

std::string_view to_text(Grade grade) {
  switch (grade) {
    case Grade::good:
      return "good";
    case Grade::unknown:
      return "unknown";
    case Grade::warning:
      return "warning";
    case Grade::error:
      return "error";
  }
  return "unknown";
}

std::string to_text(const Repair& repair) {
  if (repair.kind == RepairKind::disable_source_dest_check) {
    return fmt::format("disable Source/Dest. Check of {}", repair.eni);
  }
  return fmt::format("add the route {} to route table {}, to {}", repair.destination, repair.table,
                     repair.eni);
}

}  // namespace mainstay::doctor
