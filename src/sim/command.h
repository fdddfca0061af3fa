// The command line of mainstay-sim. Its own parser: the sabotaged build is another program with the
// same words.
#pragma once

namespace mainstay::sim {

// The exit code: 0 all passed, 1 something failed, 2 the command line is wrong.
int run_command(int argc, char** argv);

}  // namespace mainstay::sim
