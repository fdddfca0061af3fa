// One function per verb; cli.cpp chooses.
#pragma once

#include "cli/cli.h"
#include "cli/client.h"

namespace mainstay::cli {

struct Session {
  const Invocation& invocation;
  const Client& client;
  Environment& environment;
};

ExitCode perform(const Session& session, const ShowStatus& verb);
ExitCode perform(const Session& session, const OrderGroup& verb);
ExitCode perform(const Session& session, const OrderNode& verb);
ExitCode perform(const Session& session, const ShowEvents& verb);
ExitCode perform(const Session& session, const ExplainGroup& verb);
ExitCode perform(const Session& session, const CheckFile& verb);
ExitCode perform(const Session& session, const Simulate& verb);
ExitCode perform(const Session& session, const DescribeType& verb);
ExitCode perform(const Session& session, const GenerateKey& verb);
ExitCode perform(const Session& session, const ShowVersion& verb);

// Says what went wrong, on the error stream, and gives the exit code for it.
ExitCode complain(const Session& session, const Trouble& trouble);

}  // namespace mainstay::cli
