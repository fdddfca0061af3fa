// The answers as a person reads them.
#pragma once

#include <string>

#include "api/control.h"
#include "api/json.h"
#include "cli/table.h"

namespace mainstay::cli {

std::string render_status(const api::StatusReport& report, const Style& style);
std::string render_mirrors(const api::StatusReport& report, const Style& style);
std::string render_event(const EventRecord& event, const Style& style);
std::string render_why(const api::WhyReport& report, const Style& style);

}  // namespace mainstay::cli
