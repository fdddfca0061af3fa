// Final actions that end the node. A reboot that cures nothing would be repeated for ever: those of
// our own doing are counted, durably and before they happen, and from some number on refused.
#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

// What stands before the details names the thing, and is said once.
void refuse(State& state, const HaltNode& halt, Step& step) {
  std::string thing = halt.why.substr(0, halt.why.find(':'));
  if (state.refused_halt == thing) return;
  state.refused_halt = std::move(thing);
  step.note(Severity::error, step.self.value,
            fmt::format("does not {} although it should ({}): it has shut itself down or rebooted "
                        "{} of {} times that [reboot_limit] allows in a row. Mend the cause, then: "
                        "mainstay node recover {}",
                        to_text(halt.kind), halt.why, state.durable.reboots,
                        step.config.reboot_limit.max, step.self));
}

void consider(State& state, HaltNode halt, Step& step) {
  if (halt.kind == Halt::stop_service) return step.act(std::move(halt));
  if (state.departure || state.counted_halt) return;  // It ends already.
  const int max = step.config.reboot_limit.max;
  if (max > 0 && state.durable.reboots >= max) return refuse(state, halt, step);
  ++state.durable.reboots;
  store(state, step);
  state.counted_halt = {.halt = std::move(halt), .stored_by = state.store_number};
}

}  // namespace

void perform_halts(State& state, Step& step) {
  for (auto& halt : std::exchange(step.halts, {})) consider(state, std::move(halt), step);
  auto& counted = state.counted_halt;
  if (!counted || counted->done || state.stored_number < counted->stored_by) return;
  counted->done = true;
  step.act(counted->halt);
}

void forget_reboots(State& state, Step& step) {
  if (state.durable.reboots == 0 || state.counted_halt) return;
  if (step.now < state.began + step.config.reboot_limit.reset_after) return;
  state.durable.reboots = 0;
  state.refused_halt.clear();
  store(state, step);
}

Instant next_halt(const State& state) {
  if (state.durable.reboots == 0 || state.counted_halt) return never;
  return state.began + state.config->reboot_limit.reset_after;
}

}  // namespace mainstay::node
