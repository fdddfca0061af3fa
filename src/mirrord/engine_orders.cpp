// What the cluster asks of the engine, through the control socket.
#include <fmt/format.h>

#include "mirrord/engine_state.h"

namespace mainstay::mirrord {
namespace {

using control::Verb;
using mirror::Phase;
using Kind = SupervisorMessage::Kind;

}  // namespace

void Engine::State::refuse(const std::optional<Asker>& asker, const Error& error) {
  if (asker) control->answer(asker->client, control::refused(asker->id, error));
}

void Engine::State::accept(const std::optional<Asker>& asker) {
  if (!asker) return;
  control->answer(asker->client, device.empty() ? control::done(asker->id)
                                                : control::done_with_device(asker->id, device));
}

void Engine::State::on_order(Control::ClientId client, const control::Order& order) {
  const Asker asker{client, order.id};
  switch (order.verb) {
    case Verb::status:
      return control->answer(client, to_line(order.id, status()));
    case Verb::promote:
      return promote(order.term, asker);
    case Verb::demote:
      return demote({.verb = Verb::demote, .asker = asker}, order.force);
    case Verb::break_off:
      link->break_off();
      return control->answer(client, control::done(order.id));
    case Verb::connect:
      if (core.phase != Phase::broken) link->connect();
      return control->answer(client, control::done(order.id));
    case Verb::verify:
    case Verb::repair:
      orders[++last_order] = {.verb = order.verb, .asker = asker};
      return tell(mirror::Verify{last_order, order.verb == Verb::repair});
    case Verb::resize:
      orders[++last_order] = {.verb = Verb::resize, .asker = asker};
      return tell(mirror::Resize{last_order});
    case Verb::limit:
      tell(mirror::LimitResync{order.bytes_per_second});
      return control->answer(client, control::done(order.id));
    case Verb::force:
      orders[++last_order] = {.verb = Verb::force, .term = order.term, .asker = asker};
      return tell(mirror::Force{last_order, order.term});
    case Verb::serve_record:
      control->serve_record(client);
      return control->answer(client, control::done(order.id));
  }
}

void Engine::State::promote(mirror::Term term, std::optional<Asker> asker) {
  if (removal || stopping) {
    return refuse(asker, {Code::conflict, "the device is being removed; try again"});
  }
  orders[++last_order] = {.verb = Verb::promote, .term = term, .asker = asker};
  tell(mirror::Promote{last_order, term});
}

void Engine::State::demote(const Order& order, bool force) {
  if (removal && !force) {
    return refuse(order.asker, {Code::conflict, "the device is being removed already"});
  }
  // Should this engine fall now, the next one shall not be what we are just ceasing to be.
  to_supervisor({.kind = Kind::promoted, .number = 0});
  promote_again = 0;
  if (!front_end && !inherited_fuse) {
    orders[++last_order] = order;
    return tell(mirror::Demote{last_order});
  }
  if (removal) refuse(removal->asker, {Code::cancelled, "it is removed by force instead"});
  removal = order;
  remove_device(force);
}

void Engine::State::on_answer(const mirror::AnswerCluster& answer) {
  const auto found = orders.extract(answer.ticket);
  if (found.empty()) return;
  const Order& order = found.mapped();
  if (order.verb == Verb::promote && answer.outcome) return on_promoted(order);
  if (!answer.outcome) {
    refuse(order.asker, answer.outcome.error());
    if (order.verb == Verb::promote && !order.asker) {
      say(fmt::format("it is not the primary any more: {}", answer.outcome.error().message));
      to_supervisor({.kind = Kind::promoted, .number = 0});
      remove_device(true);
    }
  } else {
    accept(order.asker);
  }
  if (stopping && order.verb == Verb::demote) ended = true;
}

void Engine::State::on_promoted(const Order& order) {
  to_supervisor({.kind = Kind::promoted, .number = order.term});
  if (!inherited_fuse) return provide_device(order.asker);
  open_front_end(std::move(inherited_fuse));
  if (const Status taken = front_end->take_over(); !taken) {
    say(taken.error().message);
    front_end_ended = true;
  }
  // The device's name is there already, or follows.
  provide_device(order.asker);
}

void Engine::State::stop() {
  if (std::exchange(stopping, true)) return;
  demote({.verb = Verb::demote}, false);
}

EngineStatus Engine::State::status() const {
  const Instant now = Ring::now();
  std::string trouble = core.trouble;
  if (!trouble.empty() && !disks->trouble().empty()) {
    trouble += fmt::format(" ({})", disks->trouble());
  }
  return {.config = config,
          .core = core,
          .meter = meter,
          .connected = link->up(),
          .broken_off = link->broken_off(),
          .path = link->path(),
          .device = front_end ? device : "",
          .device_bytes = front_end ? device_bytes : mirror_bytes(),
          .trouble = std::move(trouble),
          .restarts = restarts,
          .queue_depth = front_end ? front_end->queue_depth() : 0,
          .in_role = now - in_phase_since,
          .peer_silent = peer_seen ? std::optional(now - *peer_seen) : std::nullopt};
}

}  // namespace mainstay::mirrord
