// How a call of AWS travels from one machine to the region and back.
#pragma once

#include <memory>
#include <optional>

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

// How one call fares on its way; the same dice for every verb.
enum class Fate { answered, lost_before, lost_after, throttled, denied, unavailable };

Fate draw_fate(Machine& machine);
// `action` as IAM names it: "ec2:DescribeVpcs".
Error refusal(Fate fate, std::string_view action);

// Sends a question to the region; `effect` runs there and gives the answer.
template <class T>
void ask(Machine& machine, const char* action, Completion<Result<T>> done,
         std::move_only_function<Result<T>()> effect) {
  if (!machine.daemon_runs()) return;
  const Span& delay = machine.world().conditions().aws.delay;
  const Duration there = delay.draw(machine.random());
  const Duration back = delay.draw(machine.random());
  const Fate fate = draw_fate(machine);
  if (fate == Fate::lost_before) return;
  if (fate != Fate::answered && fate != Fate::lost_after) {
    machine.on_daemon_after(
        there + back, [done, fate, action] { done.set(std::unexpected(refusal(fate, action))); });
    return;
  }
  // The answer is for this run of the daemon only, so its place in the queue is taken now.
  const auto answer = std::make_shared<std::optional<Result<T>>>();
  machine.world().after(there,
                        [answer, effect = std::move(effect)]() mutable { *answer = effect(); });
  if (fate == Fate::answered) {
    machine.on_daemon_after(there + back, [done, answer] { done.set(std::move(**answer)); });
  }
}

}  // namespace mainstay::sim
