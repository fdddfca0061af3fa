// Programs, from outside: run one to its end, or start one and end it later. Everything started
// here is ended here; nothing is ever ended by name.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::bench {

struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment = {};  // besides our own
  Duration patience = 60s;
  // Cleaning up must go on when this program was asked to stop.
  bool heeds_stop = true;
};

struct Finished {
  int exit_code = 0;  // 128 + signal if it was killed
  std::string out;
  std::string err;
};

// For messages: "mainstay status --json".
std::string to_text(const Command& command);

inline constexpr std::size_t output_size_max = 256U * 1024 * 1024;

// Runs it to its end. timed_out: it was killed, because its patience was over; cancelled: because
// this program was asked to stop.
Result<Finished> run(const Command& command);
// The same, and a bad exit code is an error that shows the last lines of its output.
Result<std::string> output_of(const Command& command);

// A program in the background, with its output in a file. Ended when the object goes.
class Background {
 public:
  static Result<Background> start(const Command& command, const std::string& log);
  Background(Background&& other) noexcept;
  Background& operator=(Background&& other) noexcept;
  ~Background() { end(); }

  bool running();
  int pid() const { return pid_; }
  // Asks it to end, waits, then kills it. Its exit code (128 + signal if it was killed).
  int end(Duration patience = 5s);
  // Waits for it to end by itself.
  Result<int> wait(Duration patience);

 private:
  explicit Background(int pid) : pid_(pid) {}

  int pid_ = -1;
  int exit_code_ = 0;
};

// CLOCK_MONOTONIC, which every instance of the lab shares.
std::int64_t monotonic_ns();
// Sleeps in small steps; false if this program was asked to stop meanwhile.
bool pause(Duration duration);

// SIGINT and SIGTERM only raise a flag; whoever waits looks at it, so that everything is cleaned up
// in the ordinary way.
void note_stop_signals();
bool stop_requested();

}  // namespace mainstay::bench
