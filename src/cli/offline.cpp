// The verbs that need no daemon: check, simulate, help, keygen.
#include <ostream>

#include "cli/commands.h"

namespace mainstay::cli {

ExitCode perform(const Session& session, const GenerateKey&) {
  session.environment.out << session.environment.generate_key() << '\n';
  return ExitCode::done;
}

ExitCode perform(const Session& session, const CheckFile&) {
  return complain(session, {ExitCode::refused, {Code::unavailable, "not in this build"}});
}
ExitCode perform(const Session& session, const Simulate&) {
  return complain(session, {ExitCode::refused, {Code::unavailable, "not in this build"}});
}
ExitCode perform(const Session& session, const DescribeType&) {
  return complain(session, {ExitCode::refused, {Code::unavailable, "not in this build"}});
}

}  // namespace mainstay::cli
