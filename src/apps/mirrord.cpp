// mainstay-mirrord: the mirror's engine with its supervisor, and what prepares a copy.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "adapters/linux/secrecy.h"
#include "mirrord/engine.h"
#include "mirrord/mount_space.h"
#include "mirrord/prepare.h"
#include "mirrord/supervisor.h"

namespace mainstay::apps {
namespace {

constexpr int failed_exit = 1;
constexpr const char* own_program = "/proc/self/exe";

int complain(const Error& error, int exit_code) {
  fmt::print(stderr, "mainstay-mirrord: {}\n", error.message);
  return exit_code;
}

int run_engine(const mirrord::EngineConfig& config) {
  if (const Status kept = adapters::keep_secrets(); !kept) {
    return complain(kept.error(), failed_exit);
  }
  auto engine = mirrord::Engine::start(config);
  if (!engine) return complain(engine.error(), mirrord::engine_refused_exit);
  return (*engine)->run();
}

int run_supervisor(const mirrord::EngineConfig& config, const std::string& file) {
  if (const Status left = mirrord::leave_mount_space(); !left) {
    fmt::print(stderr, "mainstay-mirrord: {}\n", left.error().message);
  }
  auto supervisor = mirrord::Supervisor::start(
      {.config = config, .program = own_program, .arguments = {"--engine", "--config", file}});
  if (!supervisor) return complain(supervisor.error(), failed_exit);
  return (*supervisor)->run();
}

int run_create(mirrord::Preparation preparation, const std::string& as) {
  if (as == "target") preparation.beginning = mirrord::Beginning::target;
  if (as == "equal") preparation.beginning = mirrord::Beginning::equal;
  const auto made = mirrord::prepare(preparation);
  if (!made) return complain(made.error(), failed_exit);
  fmt::print("{}\n", *made);
  return 0;
}

int run(int count, char** arguments) {
  CLI::App app{"The mirror disk's engine: one process for one mirror on each of its two nodes."};
  std::string file;
  bool engine = false;
  app.add_option("--config", file, "the mirror, as this node sees it (TOML; docs/mirror.md)");
  // The supervisor's way to start its child.
  app.add_flag("--engine", engine)->group("");

  auto* create = app.add_subcommand("create", "make one copy out of two partitions");
  mirrord::Preparation preparation;
  std::string as;
  create->add_option("--config", file, "the mirror, as this node sees it")->required();
  create
      ->add_option("--as", as,
                   "source: its data is kept, the other copy becomes equal to it; target: becomes "
                   "equal to the other copy, what is on it is lost; equal: both are equal already")
      ->required()
      ->check(CLI::IsMember({"source", "target", "equal"}));
  create->add_option("--size", preparation.size, "bytes of the mirror, the same for both copies");
  create->add_option("--overwrite", preparation.overwrite, "what was found there, and may be lost");
  CLI11_PARSE(app, count, arguments);

  if (file.empty()) {
    return complain({Code::invalid, "--config is missing; see --help"}, failed_exit);
  }
  auto config = mirrord::load_config(file);
  if (!config) return complain(config.error(), mirrord::engine_refused_exit);
  if (create->parsed()) {
    preparation.config = std::move(*config);
    return run_create(std::move(preparation), as);
  }
  return engine ? run_engine(*config) : run_supervisor(*config, file);
}

}  // namespace
}  // namespace mainstay::apps

int main(int count, char** arguments) { return mainstay::apps::run(count, arguments); }
