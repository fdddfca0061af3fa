// How `mainstay` ends: documented in --help and docs/commands.md, relied on by scripts.
#pragma once

namespace mainstay::cli {

enum class ExitCode : int {
  done = 0,
  refused = 1,      // the order was refused or failed; the file is not valid; a law was broken
  usage = 2,        // the command line itself is wrong
  unreachable = 3,  // no daemon answers, here or at the node named by --host
  unknown = 4,      // no answer in time: an order may or may not have been carried out
};

}  // namespace mainstay::cli
