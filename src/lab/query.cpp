// Taking the flattened lists of the Query API apart.
#include "lab/query.h"

#include <fmt/format.h>

namespace mainstay::lab {
namespace {

constexpr int list_max = 200;

}  // namespace

Query::Query(const std::vector<std::pair<std::string, std::string>>& form) {
  for (const auto& [name, value] : form) values_[name] = value;
  for (int i = 1; i <= list_max; ++i) {
    const std::string prefix = fmt::format("Filter.{}.", i);
    if (!has(prefix + "Name")) break;
    filters_.emplace_back(value(prefix + "Name"), list(prefix + "Value"));
  }
}

std::string Query::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

std::vector<std::string> Query::names() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : values_) out.push_back(name);
  return out;
}

std::vector<std::string> Query::list(const std::string& name) const {
  std::vector<std::string> out;
  for (int i = 1; i <= list_max; ++i) {
    const auto found = values_.find(fmt::format("{}.{}", name, i));
    if (found == values_.end()) break;
    out.push_back(found->second);
  }
  return out;
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t skip = 0; skip <= text.size(); ++skip) {
      if (wildcard_match(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '\\' && pattern.size() > 1) {
    return pattern[1] == text[0] && wildcard_match(pattern.substr(2), text.substr(1));
  }
  return (pattern[0] == '?' || pattern[0] == text[0]) &&
         wildcard_match(pattern.substr(1), text.substr(1));
}

}  // namespace mainstay::lab
