// Scenarios: what is done to a cluster, and the story that follows, in one text file.
//
//   # The owner dies without a word.
//   cluster nodes=a,b evidence=presumed
//   kill a
//   run until web runs on b
//   ----
//   00:00.000  *   node killed: a
//   ...
//
// The time begins when the cluster has formed and serves everything. docs/simulator.md lists the
// commands.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mainstay::sim {

struct Scenario {
  std::string commands;  // above the line, with its comments
  std::string story;     // below it
};
inline constexpr std::string_view scenario_line = "----\n";

Scenario split_scenario(std::string_view text);
// The story that the commands lead to; or what is wrong with the commands, with the line's number.
std::expected<std::string, std::string> play(std::string_view commands);

}  // namespace mainstay::sim
