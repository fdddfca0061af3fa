// The command line of mainstay-lab.
#pragma once

namespace mainstay::lab {

// Exit codes: 0 done, 1 refused or failed (the reason is on stderr), 2 the command line is wrong;
// `exec` gives the code of the command it ran, 128 + signal if that was killed, 125 if it could not
// be run at all.
int run_cli(int argc, char** argv);

}  // namespace mainstay::lab
