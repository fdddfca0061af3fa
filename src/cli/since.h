// What stands behind `--since`: an event's number, a time, or how long ago.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::cli {

// After the event of this number, or at this time and later.
using Since = std::variant<std::uint64_t, WallTime>;

// "41", "10min" (or "10m") before `now`, "2026-11-23T06:15:01Z" with or without milliseconds.
Result<Since> parse_since(const std::string& text, WallTime now);

}  // namespace mainstay::cli
