#include "config/troubleshooting.h"

#include <fmt/format.h>

#include <string_view>

namespace mainstay {
namespace {

constexpr std::string_view opening =
    "# Troubleshooting\n\n"
    "Every numbered problem of the resources and monitors, with its cause and what to do. A "
    "resource "
    "that cannot be started says `Failed to start the resource NAME. (NUMBER : MESSAGE)`; a "
    "monitor "
    "says `Monitor NAME detected an error.` or, with 100 added to the number, `is in the warning "
    "status.` What AWS itself said stands in the message, too.\n\n"
    "Before anything fails, `mainstay doctor` on each node tells what a failover would miss "
    "([commands.md](commands.md#doctor)).\n";

std::string problem_text(const KnownProblem& problem) {
  const std::string title = problem.number > 0
                                ? fmt::format("{} : {}", problem.number, problem.message)
                                : problem.message;
  return fmt::format("\n**{}**\n\n- Cause: {}\n- Remedy: {}\n", title, problem.cause,
                     problem.remedy);
}

std::string type_text(const std::string& type, const std::string& title,
                      const std::vector<KnownProblem>& problems) {
  if (problems.empty()) return {};
  std::string text = fmt::format("\n## {}: {}\n", type, title);
  for (const KnownProblem& problem : problems) text += problem_text(problem);
  return text;
}

}  // namespace

std::string troubleshooting_text(const Catalog& catalog) {
  std::string text(opening);
  for (const TypeSchema& type : catalog.resources) {
    text += type_text(type.type, type.title, type.problems);
    if (type.check) text += type_text(type.check->type, type.check->title, type.check->problems);
  }
  for (const TypeSchema& type : catalog.monitors) {
    text += type_text(type.type, type.title, type.problems);
  }
  return text;
}

}  // namespace mainstay
