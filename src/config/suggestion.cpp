#include "config/suggestion.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/value.h"

namespace mainstay {
namespace {

// Beyond this nobody mistypes, and the table stays small.
constexpr std::size_t word_size_max = 64;

// How many letters must be inserted, deleted, replaced or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                             std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() < 2 || word.size() > word_size_max) return "";
  std::string best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > word_size_max) continue;
    std::size_t apart = distance(word, candidate);
    // Half a word is a better hint than a mistyped one.
    if (candidate.starts_with(word)) apart = std::min<std::size_t>(apart, 1);
    if (apart < best_distance) {
      best = candidate;
      best_distance = apart;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::string best = nearest(word, candidates); !best.empty()) {
    return fmt::format("Did you mean \"{}\"?", best);
  }
  if (candidates.empty()) return "";
  std::string list;
  for (const auto& candidate : candidates) list += (list.empty() ? "" : ", ") + quoted(candidate);
  return fmt::format("Possible here: {}.", list);
}

}  // namespace mainstay
