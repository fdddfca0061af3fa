// The output pipes of programs that a forerunner of this daemon started, found again.
//
// When the daemon ends, its programs run on, and their pipes live on because the programs hold both
// ends (output_log.h). Which pipes were ours, and where their content belongs, stands in the
// programs' environment; the pipes themselves are opened through /proc. A pipe that is not named
// there (a program's own) is never touched.
#pragma once

#include <string>
#include <vector>

#include "adapters/linux/output_log.h"
#include "posix/fd.h"

namespace mainstay::adapters {

struct OrphanOutput {
  OutputPipe::Target target;
  Fd read_end;
};

// The variable for a program whose two pipes these are.
std::string output_mark(const Fd& output, const Fd& error, const OutputPipe::Target& target);

// The pipes of all programs whose environment holds a variable that begins with `family_mark`.
std::vector<OrphanOutput> find_orphan_output(std::string_view family_mark);

}  // namespace mainstay::adapters
