// The guide's patterns besides the virtual IP, with real daemons in the lab: an Elastic IP, a name
// in Route 53, and a secondary private address. Each group is lost, moved, and changed by hand.
#include "e2e/drift.h"

namespace mainstay::bench {
namespace {

// The group moves by an order, and back when its node dies; a client finds it where it is.
void moves_and_fails_over(PatternStage& stage, std::string_view death) {
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
  const auto moved = stage.cluster->ask(first, {"group", "move", std::string(group_name), second});
  REQUIRE_MESSAGE(moved, moved.error().message, "\n", stage.cluster->log_of(second));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(must(stage.cluster->last_activation(second)).evidence == "reported");
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  const CaseOutcome lost = stage.play(death);
  CHECK(lost.evidence == "presumed");
  CHECK(lost.result.activations == 1);
  CHECK(lost.result.both_active_ms == 0);
  CHECK(stage.owner() == first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
}

}  // namespace

TEST_CASE("Figure 5-1: an Elastic IP follows the group, and is taken back from whoever took it") {
  PatternStage stage(Pattern::eip);
  moves_and_fails_over(stage, "eip-node-killed");
  drift_is_put_right(stage);
}

TEST_CASE("Figure 6-1: a name follows the group, and a record changed by hand is put right") {
  PatternStage stage(Pattern::dns);
  moves_and_fails_over(stage, "dns-node-killed");
  drift_is_put_right(stage);
}

TEST_CASE("a secondary private address follows the group within its subnet") {
  PatternStage stage(Pattern::sip);
  moves_and_fails_over(stage, "node-killed");
  drift_is_put_right(stage);
}

}  // namespace mainstay::bench
