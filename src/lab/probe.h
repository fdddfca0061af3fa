// A client that asks again and again, whatever became of the earlier questions.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::lab {

struct ProbeOptions {
  std::string url;
  Duration interval = std::chrono::milliseconds(20);
  Duration timeout =
      std::chrono::milliseconds(400);            // a request without an answer by then has failed
  Duration duration = std::chrono::seconds(10);  // 0: until SIGTERM or SIGINT
  std::string out = {};                          // JSON lines; empty: stdout
};

inline constexpr std::size_t requests_in_flight_max = 5000;

// A new TCP connection and a GET every interval; a name is resolved anew for each, and a resolver
// that does not answer holds all of them up. Returns when the last request is decided.
Status run_probe(const ProbeOptions& options);

}  // namespace mainstay::lab
