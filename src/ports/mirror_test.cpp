// The words of mirrors, and that the fake keeps its port's promises.
#include <doctest/doctest.h>

#include "ports/fake_mirror.h"
#include "ports/mirror_contract.h"

namespace mainstay {
namespace {

TEST_CASE("every word of a mirror is read back as what it was written for") {
  for (int i = 0; i <= static_cast<int>(MirrorRole::broken); ++i) {
    const auto role = static_cast<MirrorRole>(i);
    CHECK(mirror_role_from(to_text(role)) == role);
  }
  for (int i = 0; i <= static_cast<int>(CopyState::failed); ++i) {
    const auto state = static_cast<CopyState>(i);
    CHECK(copy_state_from(to_text(state)) == state);
    CHECK_FALSE(colour_of(state).empty());
  }
  for (int i = 0; i <= static_cast<int>(MirrorOrder::force); ++i) {
    const auto order = static_cast<MirrorOrder>(i);
    CHECK(mirror_order_from(to_text(order)) == order);
  }
  CHECK_FALSE(copy_state_from("fine").has_value());
}

TEST_CASE("the fake mirror keeps the contract") {
  testing::FakeClock clock;
  testing::FakeMirror mirror(clock);
  mirror.add("md1");
  const auto broken =
      broken_clauses({.mirror = mirror,
                      .clock = clock,
                      .run_until =
                          [&clock](const std::function<bool()>& done) {
                            while (!done()) MAINSTAY_CHECK(clock.step());
                          },
                      .name = "md1",
                      .fall_behind = [&mirror] { mirror.mirrors["md1"].own = CopyState::outdated; },
                      .be_silent = [&mirror] { mirror.silent = true; },
                      .heal = [&mirror] { mirror.silent = false; }});
  CHECK(broken == std::vector<std::string>{});
}

}  // namespace
}  // namespace mainstay
