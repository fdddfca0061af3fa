// What `mainstay doctor` prints.
#pragma once

#include <string>

#include "cli/commands.h"
#include "cli/table.h"
#include "doctor/finding.h"

namespace mainstay::cli {

std::string render_report(const doctor::Report& report, const Style& style);
std::string report_json(const doctor::Report& report);
// refused if there are errors.
ExitCode verdict(const doctor::Report& report);
// Examines this node, and says on the error stream what is not good, or why nobody can tell.
void warn_of_troubles(const Session& session, const ClusterConfig& config);
// How long its questions may take.
Duration patience(const Session& session);

}  // namespace mainstay::cli
