#include "apps/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <sstream>

#include "apps/version.h"

namespace mainstay::apps {
namespace {

constexpr const char* footer = R"(Signals:
  SIGTERM, SIGINT  hand the groups over, stop in order; a second one stops at once
  SIGHUP           nothing: the configuration is read at start in this release

Exit codes:
  0  stopped in order
  1  could not start or go on (the state directory, an address, the socket)
  2  the command line or the configuration is wrong)";

void add_options(CLI::App& app, DaemonOptions& options) {
  app.add_option("--config", options.config, "The cluster's configuration")
      ->capture_default_str()
      ->type_name("FILE");
  app.add_option("--node", options.node, "This node's name in it (default: the host's name)")
      ->type_name("NAME");
  app.add_option("--socket", options.socket, "Where `mainstay` asks")
      ->envname("MAINSTAY_SOCKET")
      ->capture_default_str()
      ->type_name("PATH");
  app.add_option("--state-dir", options.state_directory, "What must survive a crash; the history")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--log-dir", options.log_directory, "Output of scripts")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--watchdog", options.watchdog_device,
                 "Reset the machine through this device if the daemon falls silent")
      ->type_name("DEVICE");
  app.add_flag("--may-halt", options.may_halt,
               "Allow last actions to shut down, reboot or reset this machine");
}

}  // namespace

std::variant<DaemonOptions, OptionsAnswered> parse_options(int count,
                                                           const char* const* arguments) {
  DaemonOptions options;
  CLI::App app("The high-availability daemon of one node", "mainstayd");
  app.footer(footer);
  app.set_version_flag("--version", std::string("mainstayd ") + version);
  add_options(app, options);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    return OptionsAnswered{code == 0 ? 0 : 2, out.str() + err.str()};
  }
  return options;
}

}  // namespace mainstay::apps
