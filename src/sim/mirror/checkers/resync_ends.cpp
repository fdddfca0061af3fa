// Once nothing goes wrong any more, a node is promoted, every resync ends, and the arbiter knows
// that both copies are up to date.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

std::string describe(World& world, mirror::Copy copy) {
  const mirror::State* core = world.engine(copy).core();
  if (core == nullptr) return "down";
  std::string chunks;
  for (const mirror::Chunk& chunk : core->chunks) {
    if (chunk.stage == mirror::Chunk::Stage::idle) continue;
    chunks += fmt::format(", region {} {}", chunk.region, to_text(chunk.stage));
  }
  return fmt::format("{}, {}, {}, term {}, {} dirty, {} queued, {} running{}{}",
                     to_text(core->phase), to_text(core->standing), to_text(core->durable.state),
                     core->durable.term, core->dirty.count(), core->queue.size(),
                     core->requests.size(), chunks, core->resync_flush == 0 ? "" : ", flushing");
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
