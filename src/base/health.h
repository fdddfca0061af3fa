// What a monitor, or a resource's own check, answers when it is asked how things are.
#pragma once

#include <cstdint>
#include <string>

namespace mainstay {

enum class Verdict : std::uint8_t {
  healthy,
  unhealthy,
  unknown,  // no answer is no bad answer: by itself it moves nothing
};

// Shown as "Monitor NAME detected an error. (number : message)"; as a warning, 100 is added to the
// number.
struct Health {
  Verdict verdict = Verdict::unknown;
  int number = 0;
  std::string message;  // empty if healthy

  friend bool operator==(const Health&, const Health&) = default;
};

inline constexpr int warning_number_offset = 100;

inline Health healthy() { return {Verdict::healthy, 0, ""}; }

}  // namespace mainstay
