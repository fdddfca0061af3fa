// What is wrong with a configuration: each problem has a place, a fact and a remedy.
#pragma once

#include <string>
#include <vector>

namespace mainstay {

// Counted from 1; line 0: the document as a whole.
struct Position {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Problem {
  Position position;
  std::string path;    // "group failover1, resource awsvip1"
  std::string fact;    // without a full stop
  std::string remedy;  // one or more whole sentences
  friend bool operator==(const Problem&, const Problem&) = default;
};

// So many problems are told at once; more would help nobody.
inline constexpr std::size_t problems_max = 100;
using Problems = std::vector<Problem>;

// "cluster.toml:31:9: group failover1, resource awsvip1: unknown key "eni". Did you mean "eni_id"?"
std::string to_text(const Problem& problem, const std::string& file);

}  // namespace mainstay
