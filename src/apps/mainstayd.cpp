// The daemon `mainstayd`: wiring only.
#include <malloc.h>

#include <cstdio>

#include <fmt/format.h>

#include "adapters/linux/secrecy.h"
#include "apps/daemon.h"
#include "apps/host_name.h"

namespace {

// Fewer arenas: the few threads that wait for requests must not each keep memory of their own.
constexpr int arenas_max = 2;

int complain(const std::vector<std::string>& lines, int exit_code) {
  for (const auto& line : lines) fmt::print(stderr, "{}\n", line);
  return exit_code;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace mainstay;
  mallopt(M_ARENA_MAX, arenas_max);
  const auto options = apps::parse_options(count, arguments);
  if (const auto* answered = std::get_if<apps::OptionsAnswered>(&options)) {
    std::fputs(answered->text.c_str(), answered->exit_code == 0 ? stdout : stderr);
    return answered->exit_code;
  }
  if (const Status kept = adapters::keep_secrets(); !kept) {
    return complain({"mainstayd: " + kept.error().message}, 1);
  }
  auto prepared = apps::prepare(std::get<apps::DaemonOptions>(options), apps::host_name());
  if (!prepared) return complain(prepared.error(), 2);
  auto daemon = apps::Daemon::start(std::move(*prepared));
  if (!daemon) return complain({"mainstayd: " + daemon.error().message}, 1);
  return (*daemon)->run();
}
