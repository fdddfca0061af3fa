// The daemon's log: one line for each note, to standard error. Under the service manager with the
// priority journald understands, else with the time.
#pragma once

#include <memory>
#include <string_view>

#include "cluster/action.h"

namespace mainstay::apps {

// Lines that wait to be written. Standard error may be a pipe nobody reads: then the oldest lines
// are dropped rather than the daemon held up.
inline constexpr std::size_t log_queue_max = 512;

class Log {
 public:
  enum class Form { terminal, journal };
  // As the environment says.
  static Form form();

  explicit Log(Form form);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void say(Severity severity, std::string_view subject, std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "<4>web: text" or "2026-11-23T06:15:01.250Z warning     web: text", on one line whatever the
// text.
std::string log_line(Log::Form form, WallTime time, Severity severity, std::string_view subject,
                     std::string_view text);

}  // namespace mainstay::apps
