// Without an arbiter, two nodes that lost each other ask EC2 at the same time to stop each other.
// Each protects its own instance first, so that of the two requests at most one is accepted:
// whoever found the other one unprotected had protected itself before.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/forced_stop.h"

namespace mainstay {
namespace {

constexpr Duration one_call = 3s;

Call one_of(const Clock& clock, const Call& call) {
  return {std::min(call.deadline, clock.now() + one_call), call.cancellation};
}

}  // namespace

Task<Status> ForcedStop::request_stop_of_rival(NodeName peer, std::string id, Call call) {
  const Call first = one_of(parts_.clock, call);
  protected_ = true;  // even if the answer is lost
  const Status shielded = co_await parts_.aws.protect_instance(own_instance_, true, first);
  if (!shielded) {
    const Duration turn = forced_stop_turn(parts_.config, parts_.self);
    const Instant until = std::min(call.deadline, parts_.clock.now() + turn);
    co_await sleep_until(parts_.clock, until);
  }
  const Status accepted = co_await request_stop(id, call);
  if (accepted || accepted.error().code != Code::conflict) co_return accepted;
  co_return co_await overcome_protection(peer, id, call);
}

// It lives and is about to stop us, or it died on the way. The first in the order goes on at once,
// the next one after its turn, unless it is being stopped by then.
Task<Status> ForcedStop::overcome_protection(NodeName peer, std::string id, Call call) {
  const Duration turn = forced_stop_turn(parts_.config, parts_.self);
  const Instant until = std::min(call.deadline, parts_.clock.now() + turn);
  co_await sleep_until(parts_.clock, until);
  const Call look = one_of(parts_.clock, call);
  const auto own = co_await parts_.aws.instance(own_instance_, look);
  if (!own) co_return std::unexpected(own.error());
  if (own->state != InstanceState::running) {
    co_return failure(Code::conflict,
                      fmt::format("{} ({}) protected itself and is stopping this node: it is not "
                                  "stopped",
                                  id, peer));
  }
  const Call change = one_of(parts_.clock, call);
  const Status bared = co_await parts_.aws.protect_instance(id, false, change);
  if (!bared) co_return bared;
  co_return co_await request_stop(id, call);
}

Task<void> ForcedStop::lower_protection(Call call) {
  if (!protected_ || own_instance_.empty() || stops_under_way_ > 0) co_return;
  const Status lowered = co_await parts_.aws.protect_instance(own_instance_, false, call);
  // Who may not lower it has not raised it.
  protected_ = !lowered && lowered.error().code != Code::denied;
}

}  // namespace mainstay
