// Once nothing goes wrong any more, a node is promoted, every resync ends, and the arbiter knows
// that both copies are up to date.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

std::string describe(World& world, mirror::Copy copy) {
  const mirror::State* core = world.engine(copy).core();
  if (core == nullptr) return "down";
  return fmt::format("{}, {}, {}, term {}, {} dirty", to_text(core->phase), to_text(core->standing),
                     to_text(core->durable.state), core->durable.term, core->dirty.count());
}

}  // namespace

Checker resync_ends() {
  Checker checker;
  checker.at_end = [](World& world) {
    if (world.in_order()) return;
    world.violate("resync_ends",
                  fmt::format("a is {}; b is {}", describe(world, 0), describe(world, 1)));
  };
  return checker;
}

}  // namespace mainstay::mirror_sim
