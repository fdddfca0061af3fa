// Talking to a running lab over its control socket, in JSON.
//
// One request per connection: {"command": NAME, ...}. The answer is {"ok": true, "text": …} or
// {"ok": false, "code": …, "error": …}, sent in pieces: each message begins with 'm' (more follows)
// or 'e' (the end).
//
//   status                                    text: the state as JSON
//   events {"since": N}                       text: one JSON object per line
//   fault {"words": [...]}                    text: a sentence
//   env {"instance": NAME or ""}              text: NAME=value lines
//   boot-command {"instance": .., "argv": []}
//   down                                      answers, then ends the lab
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/files.h"

namespace mainstay::lab {

class World;

struct ControlRequest {
  std::string command;
  std::vector<std::string> words = {};  // of fault and boot-command
  std::string instance = {};
  std::uint64_t since = 0;
};

// Asks the lab in the directory and waits for its answer.
Result<std::string> ask_lab(const std::string& directory, const ControlRequest& request,
                            Duration patience = std::chrono::seconds(60));

// Serves until somebody says "down" or `stop` becomes readable. Connections are served side by
// side.
Status serve_control(World& world, const Fd& listening, const Fd& stop);

inline constexpr const char* control_socket = "control.sock";
inline constexpr std::size_t control_clients_max = 64;

}  // namespace mainstay::lab
