// A configuration file on the command line: read, parsed, and what is wrong with it said.
#pragma once

#include <expected>
#include <string>

#include "cli/commands.h"
#include "config/parse.h"

namespace mainstay::cli {

// Prints the problems if there are any: as lines on the error stream, or as JSON.
std::expected<ClusterConfig, ExitCode> load_configuration(const Session& session,
                                                          const std::string& file);

}  // namespace mainstay::cli
