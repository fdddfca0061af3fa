// Runs a program that prints one document and ends: a credential_process, or the AWS CLI.
//
// It is not the Process port: that keeps what programs print in log files, and what is printed here
// must never be in one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/environment.h"
#include "adapters/http/event_loop.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay::aws {

inline constexpr std::size_t command_output_max = 64 * 1024;

// Words as a shell would split them, with '...', "..." and \ but nothing else of a shell. invalid:
// a quote that does not end, or no word.
Result<std::vector<std::string>> split_command(std::string_view command);

struct CommandOrder {
  std::vector<std::string> words;          // the first one is looked for in PATH
  std::optional<Environment> environment;  // instead of ours
  std::size_t output_max = command_output_max;
};
struct CommandEnd {
  int exit_code = 0;
  int signal = 0;
  std::string printed;    // to standard output
  std::string complaint;  // to standard error
};
// At the deadline, when it is called off, or when it prints too much, its process group is killed.
Task<Result<CommandEnd>> run_to_end(Clock& clock, EventLoop& loop, CommandOrder order, Call call);

// What it printed to standard output. The rest is dropped. At the deadline, when it is called off,
// or when it prints too much, its process group is killed.
Task<Result<std::string>> run_command(Clock& clock, EventLoop& loop, std::string command,
                                      Call call);

}  // namespace mainstay::aws
