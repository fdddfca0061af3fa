// The command line of mainstayd.
#pragma once

#include <string>
#include <variant>

namespace mainstay::apps {

struct DaemonOptions {
  std::string config = "/etc/mainstay/cluster.toml";
  std::string node;  // "" = the host's name
  std::string socket = "/run/mainstay/mainstay.sock";
  std::string state_directory = "/var/lib/mainstay";
  std::string log_directory = "/var/log/mainstay";
  std::string watchdog_device;  // "" = none
  bool may_halt = false;
};

// Nothing to run: --help, --version, or what is wrong with the command line.
struct OptionsAnswered {
  int exit_code = 0;
  std::string text;
};

std::variant<DaemonOptions, OptionsAnswered> parse_options(int count, const char* const* arguments);

}  // namespace mainstay::apps
