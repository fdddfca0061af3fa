// The command `mainstay`: understands its arguments, asks the daemon, prints, and says how it went.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_code.h"
#include "cli/invocation.h"
#include "cli/table.h"

namespace mainstay::cli {

// What the command needs of its surroundings.
struct Environment {
  std::ostream& out;
  std::ostream& err;
  Style style;  // colours only where `out` is a terminal
  // Of the adapters: a new cluster key, one line.
  std::function<std::string()> generate_key;
  // Starts the local service through the service manager; not_found: there is none.
  std::function<Status()> start_service;
  std::string version;
};

ExitCode run(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace mainstay::cli
