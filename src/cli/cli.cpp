#include "cli/cli.h"

#include <ostream>

#include <fmt/format.h>

#include "api/json.h"
#include "cli/commands.h"

namespace mainstay::cli {

ExitCode run(const std::vector<std::string>& arguments, Environment& environment) {
  auto parsed = parse_arguments(arguments);
  if (const auto* answered = std::get_if<Answered>(&parsed)) {
    (answered->code == ExitCode::done ? environment.out : environment.err) << answered->text;
    return answered->code;
  }
  const auto& invocation = std::get<Invocation>(parsed);
  const Client client({invocation.socket, invocation.host, invocation.timeout_s});
  const Session session{invocation, client, environment};
  return std::visit([&session](const auto& verb) { return perform(session, verb); },
                    invocation.verb);
}

ExitCode complain(const Session& session, const Trouble& trouble) {
  session.environment.err << "mainstay: " << trouble.error.message << '\n';
  if (session.invocation.json) session.environment.out << api::to_json(trouble.error) << '\n';
  switch (trouble.kind) {
    case Trouble::Kind::refused:
      return ExitCode::refused;
    case Trouble::Kind::misused:
      return ExitCode::usage;
    case Trouble::Kind::unreachable:
      return ExitCode::unreachable;
    case Trouble::Kind::unknown:
      return ExitCode::unknown;
  }
  return ExitCode::refused;
}

ExitCode complain(const Session& session, const Error& error) {
  return complain(session, Trouble{Trouble::Kind::refused, error});
}

}  // namespace mainstay::cli
