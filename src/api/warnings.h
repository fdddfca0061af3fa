// What an administrator should look at now, in sentences: drawn from the status, most serious
// first.
#pragma once

#include <string>
#include <vector>

#include "api/control.h"

namespace mainstay::api {

struct Warning {
  Severity severity = Severity::warning;
  std::string subject;
  std::string text;
  friend bool operator==(const Warning&, const Warning&) = default;
};

std::vector<Warning> warnings_of(const StatusReport& report);

}  // namespace mainstay::api
