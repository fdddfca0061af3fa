// What every Mirror must do, be it the engine's socket or the simulator's: test support.
//
// The caller sets up a mirror whose copy here is the latest and which nobody uses, and gets the
// list of broken clauses, each a sentence.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "ports/clock.h"
#include "ports/mirror.h"

namespace mainstay {

struct MirrorContractWorld {
  Mirror& mirror;
  Clock& clock;
  // Runs the world until `done` says so.
  std::function<void(const std::function<bool()>& done)> run_until;
  std::string name;
  std::string unknown_name = "no-such-mirror";
  // The other copy gets a write that this one does not; an empty one leaves its clauses out.
  std::function<void()> fall_behind;
  // No engine answers until `heal`; likewise.
  std::function<void()> be_silent;
  std::function<void()> heal;
  Duration call_limit = 5s;
};

namespace mirror_contract {

class Checker {
 public:
  explicit Checker(MirrorContractWorld& world) : world_(world) {}

  template <class T>
  T run(Task<T> task) const {
    task.start();
    world_.run_until([&] { return task.done(); });
    return task.take();
  }
  Call call() const { return Call(world_.clock.now() + world_.call_limit); }

  void expect(bool holds, std::string_view sentence) {
    if (!holds) broken.push_back(std::string(sentence));
  }
  template <class T>
  void expect_ok(const Result<T>& result, std::string_view what) {
    if (!result) expect(false, fmt::format("{} fails: {}", what, result.error().message));
  }
  template <class T>
  void expect_code(const Result<T>& result, Code code, std::string_view what) {
    if (result) return expect(false, fmt::format("{} succeeds", what));
    expect(result.error().code == code,
           fmt::format("{} gives {} ({})", what, to_text(result.error().code),
                       result.error().message));
    expect(!result.error().message.empty(), fmt::format("{} gives no message", what));
  }
  Status promote(std::uint64_t term) const {
    return run(world_.mirror.promote(world_.name, term, call()));
  }
  Status demote() const {
    return run(world_.mirror.demote(world_.name, Mirror::Demotion::orderly, call()));
  }
  MirrorStatus status() {
    auto result = run(world_.mirror.status(world_.name, call()));
    expect_ok(result, "the status");
    return result.value_or(MirrorStatus{});
  }

  std::vector<std::string> broken;

 private:
  MirrorContractWorld& world_;
};

inline void idle(Checker& check, const std::string& name) {
  const MirrorStatus status = check.status();
  check.expect(status.name == name, "the status names another mirror");
  check.expect(status.role == MirrorRole::secondary, "nobody uses it, and it is no secondary");
  check.expect(status.own == CopyState::up_to_date, "the latest copy is not called up to date");
  check.expect_ok(check.demote(), "demoting a secondary");
}

inline void use(Checker& check) {
  check.expect_ok(check.promote(7), "promoting the latest copy");
  check.expect_ok(check.promote(7), "promoting again at the same term");
  const MirrorStatus status = check.status();
  check.expect(status.role == MirrorRole::primary, "promoted, and no primary");
  check.expect(status.term == 7, "a primary's term is not the promotion's");
  check.expect(!status.device.empty(), "a primary without a device");
  check.expect_code(check.promote(6), Code::conflict, "promoting at an older term");
  check.expect_ok(check.demote(), "demoting the primary");
  check.expect(check.status().role == MirrorRole::secondary, "demoted, and no secondary");
  check.expect_code(check.promote(6), Code::conflict, "promoting at a term that is over");
  check.expect_ok(check.promote(8), "promoting at the next term");
  check.expect_ok(check.demote(), "demoting it again");
}

inline void refuse(Checker& check, const MirrorContractWorld& world) {
  check.expect_code(check.run(world.mirror.status(world.unknown_name, check.call())),
                    Code::unavailable, "the status of a mirror that has no engine");
  if (world.be_silent) {
    world.be_silent();
    check.expect_code(check.promote(9), Code::outcome_unknown, "a promotion without an answer");
    check.expect_code(check.run(world.mirror.status(world.name, check.call())), Code::timed_out,
                      "a status without an answer");
    world.heal();
    check.expect_ok(check.demote(), "demoting after silence");
  }
  if (!world.fall_behind) return;
  world.fall_behind();
  check.expect_code(check.promote(20), Code::conflict, "promoting a copy that is behind");
  check.expect(check.status().role == MirrorRole::secondary, "refused, and no secondary");
  check.expect(check.status().own != CopyState::up_to_date, "a copy that is behind is up to date");
}

inline void call_off(Checker& check, const MirrorContractWorld& world) {
  const Cancellation cancelled;
  cancelled.request();
  const Call call(world.clock.now() + world.call_limit, cancelled);
  const auto status = check.run(world.mirror.status(world.name, call));
  check.expect_code(status, Code::cancelled, "a status that was called off");
}

}  // namespace mirror_contract

// The clauses that do not hold; empty if all do.
inline std::vector<std::string> broken_clauses(MirrorContractWorld world) {
  mirror_contract::Checker check(world);
  mirror_contract::idle(check, world.name);
  mirror_contract::use(check);
  mirror_contract::call_off(check, world);
  mirror_contract::refuse(check, world);
  return std::move(check.broken);
}

}  // namespace mainstay
