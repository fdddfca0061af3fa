// What goes wrong with API calls on command: rules, and which of them strike a given call. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "lab/sigv4.h"

namespace mainstay::lab {

enum class ApiFaultKind {
  latency,     // answers `amount_ms` late
  throttle,    // RequestLimitExceeded
  error,       // `code` with HTTP status `status`
  lost_reply,  // does what was asked, then hangs up without an answer
  outage,      // never answers
  stale,       // Describe calls show what was true `amount_ms` ago
  clock_skew,  // the endpoint's clock is `amount_ms` ahead (negative: behind)
};
std::string_view to_text(ApiFaultKind kind);

struct ApiFault {
  std::uint64_t id = 0;
  ApiFaultKind kind = ApiFaultKind::latency;
  std::string action = "*";   // "ReplaceRoute", or with its service "dynamodb:GetItem"; '*' and '?'
  std::string instance = "";  // only calls of this instance's role; empty: of anybody
  double rate = 1;            // strikes this part of the calls
  int count = -1;             // strikes so many times, then is over; -1: no limit
  std::int64_t amount_ms = 0;
  std::string code = "InternalError";
  int status = 500;
};

inline constexpr std::size_t api_faults_max = 100;

struct ApiDecision {
  std::int64_t delay_ms = 0;
  std::int64_t stale_ms = 0;
  std::optional<AwsError> error = {};
  bool silence = false;
  bool hang_up_after = false;
};

// What strikes this call, "ec2:ReplaceRoute"; counts down the rules that do.
ApiDecision decide(std::vector<ApiFault>& faults, const std::string& action,
                   const std::string& instance, Random& random);
// Sum of the clock skews that concern everybody.
std::int64_t clock_skew_ms(const std::vector<ApiFault>& faults);

}  // namespace mainstay::lab
