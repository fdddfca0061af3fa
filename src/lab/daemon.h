// The process of a lab: begins in a directory of its own, ends without a trace.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

struct UpOptions {
  std::string directory;
  std::string layout_file = {};  // empty: the layout of the guide's pattern
  std::string pattern = "vip";   // or "eip", "dns"
  std::vector<std::string> binds = {};
  bool own_clocks = false;  // instances have a time of day that `fault clock` can shift
  int stop_patience_s = 10;
  bool foreground = false;
};

std::string default_directory();

// Starts the lab in the background and waits until it is up; in the foreground, until it ends. The
// text says how long it took.
Result<std::string> bring_up(const UpOptions& options);

// Ends the lab of that directory, whatever state it is in, and removes the directory. Nothing
// there: nothing to do.
Status take_down(const std::string& directory);

}  // namespace mainstay::lab
