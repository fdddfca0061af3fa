// `mainstay simulate`: the user's configuration in the simulator, and the outcome printed.
#pragma once

#include <iosfwd>

#include "cli/cli.h"

namespace mainstay::apps {

// refused: two owners were possible, or a law was broken.
cli::ExitCode run_simulation(const cli::SimulationOrder& order, std::ostream& out);

}  // namespace mainstay::apps
