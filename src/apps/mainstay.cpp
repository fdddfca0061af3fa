// The command `mainstay`: wiring only; what it does is in cli/.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "adapters/linux/cluster_key.h"
#include "apps/arbiter_cost.h"
#include "apps/run_arbiter.h"
#include "apps/run_doctor.h"
#include "apps/run_mirror.h"
#include "apps/run_simulation.h"
#include "apps/start_service.h"
#include "apps/version.h"
#include "catalog/catalog.h"
#include "cli/cli.h"
#include "cli/old_names.h"
#include "config/safety.h"

int main(int count, char** arguments) {
  using namespace mainstay;
  const bool terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  cli::Environment environment{.out = std::cout,
                               .err = std::cerr,
                               .style = {.colours = terminal},
                               .catalog = catalog(),
                               .safety_sentences = safety_sentences,
                               .cost_sentences = apps::arbiter_cost_sentences,
                               .generate_key = adapters::generate_key,
                               .start_service = apps::start_service,
                               .simulate = apps::run_simulation,
                               .create_arbiter = apps::create_arbiter,
                               .show_arbiter = apps::show_arbiter,
                               .examine = apps::examine,
                               .repair = apps::repair,
                               .discover = apps::discover,
                               .create_mirror = apps::create_mirror,
                               .version = apps::version};
  const auto words = cli::from_old_names(arguments[0], {arguments + 1, arguments + count});
  if (!words) {
    std::cerr << "mainstay: " << words.error().message << '\n';
    return static_cast<int>(cli::ExitCode::usage);
  }
  return static_cast<int>(cli::run(*words, environment));
}
