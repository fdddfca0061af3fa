// The lab's JSON, for people.
#pragma once

#include <string>

namespace mainstay::lab {

std::string status_text(const std::string& json);
std::string events_text(const std::string& json_lines);

}  // namespace mainstay::lab
