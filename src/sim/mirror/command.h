// The command line of mainstay-mirror-sim.
#pragma once

namespace mainstay::mirror_sim {

int run_command(int argc, char** argv);

}  // namespace mainstay::mirror_sim
