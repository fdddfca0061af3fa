// A copy that knows a term durably takes in no write of a lower one.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

Checker old_terms_stay_out() {
  Checker checker;
  checker.on_landing = [](World& world, mirror::Copy copy, mirror::Term term) {
    const mirror::State* core = world.engine(copy).core();
    if (term == 0 || core == nullptr) return;
    // A copy that has promised to follow may still be draining; one that has begun must not.
    const mirror::Term known =
        core->phase == mirror::Phase::primary ? core->durable.term : core->following;
    if (known <= term) return;
    world.violate("old_terms_stay_out",
                  fmt::format("a write of term {} reaches a copy that is at term {}", term, known));
  };
  return checker;
}

}  // namespace mainstay::mirror_sim
