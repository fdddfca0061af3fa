// A tiny web server that stands for the clustered service: every GET is answered with the name of
// its node.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace mainstay::lab {

struct WebOptions {
  std::string listen;  // ADDR:PORT; the address need not be there yet
  std::string name;
  std::string ledger =
      {};  // while it runs, "CLOCK_MONOTONIC-ns NAME" is appended here every 5 ms; empty: nowhere
  // ADDR:PORT to which a line goes every 5 ms and for each request; empty: nowhere.
  std::string shared_ledger = {};
  std::uint64_t term = 0;  // of these lines
};

inline constexpr std::size_t web_clients_max = 1024;

// Until SIGTERM or SIGINT.
Status run_web(const WebOptions& options);

}  // namespace mainstay::lab
