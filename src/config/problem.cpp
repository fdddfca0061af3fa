#include "config/problem.h"

#include <fmt/format.h>

namespace mainstay {

std::string to_text(const Problem& problem, const std::string& file) {
  std::string text = file;
  if (problem.position.line > 0) {
    text += fmt::format(":{}:{}", problem.position.line, problem.position.column);
  }
  text += ": ";
  if (!problem.path.empty()) text += problem.path + ": ";
  text += problem.fact + ".";
  if (!problem.remedy.empty()) text += " " + problem.remedy;
  return text;
}

}  // namespace mainstay
