// What `mainstay doctor` prints.
#pragma once

#include <string>

#include "cli/table.h"
#include "doctor/finding.h"

namespace mainstay::cli {

std::string render_report(const doctor::Report& report, const Style& style);
std::string report_json(const doctor::Report& report);

}  // namespace mainstay::cli
