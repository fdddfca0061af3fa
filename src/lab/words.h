// Commands as words: positions, options, durations, percentages. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::lab {

struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::string> options;  // "--rate 0.5" and "--rate=0.5"; without the hyphens
  friend bool operator==(const Words&, const Words&) = default;
};

// `flags` are the options that take no value.
Result<Words> parse_words(const std::vector<std::string>& words,
                          const std::vector<std::string>& options,
                          const std::vector<std::string>& flags = {});
// "20ms", "1.5s", "2min", "300us"; a minus sign where `signs` allows.
Result<Duration> parse_duration(std::string_view text);
// "10%" or "0.1": between 0 and 1.
Result<double> parse_share(std::string_view text);

}  // namespace mainstay::lab
