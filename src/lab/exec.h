// Running a command inside an instance: what is asked of its init, and the asking.
//
// Messages on the instance's socket exec.sock: the client sends one request, with its own stdin,
// stdout and stderr as descriptors unless the command is detached; the init answers `started PID`,
// then `exited CODE` when it ended, or `refused TEXT`. A client that goes away takes its command
// with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::lab {

struct ExecRequest {
  std::vector<std::string> argv;
  std::vector<std::string> environment = {};  // NAME=value, besides what every command gets
  bool detach = false;
  std::string log = {};  // of a detached command, in the instance; empty: /var/log/NAME.log
  friend bool operator==(const ExecRequest&, const ExecRequest&) = default;
};

inline constexpr std::size_t arguments_max = 4096;

std::string encode(const ExecRequest& request);
Result<ExecRequest> decode_exec_request(std::string_view bytes);

// Where the sockets and the disk of an instance are.
std::string instance_directory(const std::string& lab, const std::string& instance);

struct ExecStreams {
  int in = 0;
  int out = 1;
  int err = 2;
};

// Runs it and waits for its end; gives its exit code (128 + signal if it was killed), or 0 at once
// when detached. unavailable if the instance is not running, outcome_unknown if the instance died
// under it.
Result<int> exec_in(const std::string& lab, const std::string& instance, const ExecRequest& request,
                    const ExecStreams& streams, Duration patience);

}  // namespace mainstay::lab
