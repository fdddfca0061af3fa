// One function per verb; cli.cpp chooses.
#pragma once

#include "api/client.h"
#include "cli/cli.h"

namespace mainstay::cli {

using api::Answer;
using api::Client;
using api::Trouble;

struct Session {
  const Invocation& invocation;
  const Client& client;
  Environment& environment;
};

ExitCode perform(const Session& session, const ShowStatus& verb);
ExitCode perform(const Session& session, const OrderGroup& verb);
ExitCode perform(const Session& session, const OrderNode& verb);
ExitCode perform(const Session& session, const StartNode& verb);
ExitCode perform(const Session& session, const ShutdownPolicy& verb);
ExitCode perform(const Session& session, const ShowEvents& verb);
ExitCode perform(const Session& session, const ExplainGroup& verb);
ExitCode perform(const Session& session, const CheckFile& verb);
ExitCode perform(const Session& session, const Simulate& verb);
ExitCode perform(const Session& session, const CreateArbiter& verb);
ExitCode perform(const Session& session, const ShowArbiter& verb);
ExitCode perform(const Session& session, const ExamineNode& verb);
ExitCode perform(const Session& session, const DiscoverCluster& verb);
ExitCode perform(const Session& session, const PrintPolicy& verb);
ExitCode perform(const Session& session, const ShowBudget& verb);
ExitCode perform(const Session& session, const ShowMirrors& verb);
ExitCode perform(const Session& session, const OrderMirror& verb);
ExitCode perform(const Session& session, const CreateMirror& verb);
ExitCode perform(const Session& session, const DescribeType& verb);
ExitCode perform(const Session& session, const GenerateKey& verb);
ExitCode perform(const Session& session, const ShowVersion& verb);

// Says what went wrong, on the error stream, and gives the exit code for it.
ExitCode complain(const Session& session, const Trouble& trouble);
ExitCode complain(const Session& session, const Error& error);

}  // namespace mainstay::cli
