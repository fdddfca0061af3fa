// The device that a primary provides, together with the supervisor.
#include <fcntl.h>

#include <fmt/format.h>

#include "base/check.h"
#include "mirrord/engine_state.h"

namespace mainstay::mirrord {
namespace {

using mirror::Phase;
using Kind = SupervisorMessage::Kind;

constexpr Duration size_told_again_after = 1s;

}  // namespace

void Engine::State::begin(SupervisorMessage message) {
  MAINSTAY_CHECK(message.kind == Kind::begin && message.files.size() >= 2);
  MAINSTAY_CHECK(fcntl(supervisor.number(), F_SETFL, O_NONBLOCK) == 0);
  restarts = message.restarts;
  promote_again = message.number;
  device = message.text;
  lasting_memory = std::move(message.files[1]);
  if (message.files.size() > 2) inherited_fuse = std::move(message.files[2]);
  control = std::make_unique<Control>(
      *ring, std::move(message.files[0]),
      Control::Events{
          .order = [this](Control::ClientId client,
                          const control::Order& order) { on_order(client, order); },
          .record = [this](mirror::Ticket ticket,
                           const control::RecordAnswer* answer) { on_record(ticket, answer); }});
  supervisor_watch =
      ring->watch(supervisor.number(), Ring::Readiness::readable, [this] { on_supervisor(); });
}

void Engine::State::on_supervisor() {
  auto message = receive_message(supervisor.number());
  if (!message) {
    say(message.error().message);
    exit_code = 1;
    ended = true;
    return;
  }
  if (!*message) return;
  if ((*message)->kind == Kind::fuse && !(*message)->files.empty()) {
    buffers->journal().clear();
    open_front_end(std::move((*message)->files[0]));
    told_bytes = device_bytes = mirror_bytes();
  } else if ((*message)->kind == Kind::provided) {
    on_provided(**message);
  } else if ((*message)->kind == Kind::removed) {
    on_removed(**message);
  } else if ((*message)->kind == Kind::resized) {
    on_resized(**message);
  } else if ((*message)->kind == Kind::stop) {
    stop();
  }
}

void Engine::State::to_supervisor(const SupervisorMessage& message) {
  if (const Status sent = send_message(supervisor.number(), message); !sent) {
    say(sent.error().message);
  }
}

std::uint64_t Engine::State::request_max() const {
  const std::uint64_t zone = settings.geometry.request_sectors_max() * mirror::sector_size;
  return std::min<std::uint64_t>(zone, fuse::write_max);
}

void Engine::State::provide_device(const std::optional<Asker>& asker) {
  if (front_end && !device.empty()) return accept(asker);
  if (asker) device_waiters.push_back(*asker);
  if (!front_end) to_supervisor({.kind = Kind::provide, .number = request_max()});
}

void Engine::State::open_front_end(Fd fuse) {
  const mirror::Geometry& geometry = settings.geometry;
  front_end = std::make_unique<FuseFrontEnd>(
      FuseFrontEnd::World{.ring = *ring,
                          .buffers = *buffers,
                          .last_request = last_request,
                          .ask = [this](const mirror::RequestArrived& request) { tell(request); },
                          .ended =
                              [this](const std::string& why) {
                                front_end_ended = true;
                                // Unless it is just being taken away.
                                if (!removal) say("the device's requests have ended: " + why);
                              }},
      std::move(fuse),
      FuseFrontEnd::Size{.disk = mirror_bytes(),
                         .request_max = request_max(),
                         .zero_max = geometry.request_sectors_max() * mirror::sector_size});
}

void Engine::State::on_provided(const SupervisorMessage& message) {
  const auto waiters = std::exchange(device_waiters, {});
  if (message.error) {
    abandon_front_end();
    for (const Asker& asker : waiters) refuse(asker, {*message.error, message.text});
    return say(message.text);
  }
  device = message.text;
  for (const Asker& asker : waiters) accept(asker);
}

void Engine::State::abandon_front_end() {
  device.clear();
  told_bytes = device_bytes = 0;
  inherited_fuse.reset();
  if (!front_end) return;
  front_end->abandon();
  abandoned.push_back(std::move(front_end));
}

void Engine::State::remove_device(bool force) {
  if (force) abandon_front_end();
  to_supervisor({.kind = Kind::remove, .number = force ? 1U : 0U});
}

void Engine::State::on_removed(const SupervisorMessage& message) {
  if (message.error && stopping) return remove_device(true);
  if (message.error) {
    say(message.text);
    if (!removal) return;
    to_supervisor({.kind = Kind::promoted, .number = core.wanted.term});
    return refuse(std::exchange(removal, std::nullopt)->asker, {*message.error, message.text});
  }
  abandon_front_end();
  if (!removal) return;
  orders[++last_order] = *std::exchange(removal, std::nullopt);
  tell(mirror::Demote{last_order});
}

std::uint64_t Engine::State::mirror_bytes() const {
  return settings.geometry.sectors * mirror::sector_size;
}

// The mirror has grown, or the engine before this one may not have said so.
void Engine::State::look_after_size(Instant now) {
  settings.geometry = core.settings.geometry;
  const bool shown = front_end && !device.empty() && !removal;
  if (!shown || told_bytes == mirror_bytes() || now < tell_size_at) return;
  told_bytes = mirror_bytes();
  front_end->resized(told_bytes);
  to_supervisor({.kind = Kind::resize});
}

void Engine::State::on_resized(const SupervisorMessage& message) {
  if (!message.error) {
    device_bytes = message.number;
    return say(fmt::format("{} has {} bytes", device, device_bytes));
  }
  say(message.text);
  told_bytes = 0;
  tell_size_at = Ring::now() + size_told_again_after;
}

void Engine::State::look_after_device() {
  std::erase_if(abandoned, [](const auto& each) { return each->queue_depth() == 0; });
  const bool lost = std::exchange(front_end_ended, false) && !removal;
  // Another primary leads: whoever uses this device must see an end of it.
  const bool stepped_down = front_end && core.phase == Phase::secondary;
  if (!lost && !stepped_down) return;
  if (stepped_down) to_supervisor({.kind = Kind::promoted, .number = 0});
  remove_device(true);
}

}  // namespace mainstay::mirrord
