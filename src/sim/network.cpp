#include "sim/network.h"

#include <algorithm>

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

void NetworkPort::send_datagram(const NodeName& to, PathIndex path, ByteView payload) {
  MAINSTAY_CHECK(payload.size() <= datagram_size_max);
  World& world = machine_.world();
  const std::size_t target = world.index_of(to);
  if (!machine_.daemon_runs() || target >= world.size()) return;
  world.fabric().send_datagram(machine_.index(), target, path, payload);
}

void NetworkPort::send_message(const NodeName& to, ByteView message) {
  MAINSTAY_CHECK(message.size() <= stream_message_size_max);
  World& world = machine_.world();
  const std::size_t target = world.index_of(to);
  if (!machine_.daemon_runs() || target >= world.size()) return;
  world.fabric().send_message(machine_.index(), target, message);
}

namespace {

// A beat begins with its version.
std::shared_ptr<const Bytes> in_another_version(Bytes beat) {
  if (!beat.empty()) beat[0] ^= 0x80;
  return std::make_shared<const Bytes>(std::move(beat));
}

}  // namespace

void Fabric::send_datagram(std::size_t from, std::size_t to, PathIndex path, ByteView payload) {
  Conditions& conditions = world_.conditions();
  if (path >= conditions.path_count()) return;
  ++datagrams_sent_;
  const LinkConditions& link = conditions.link(path, from, to);
  Random& random = world_.random();
  if (link.cut || (link.loss > 0 && random.chance(link.loss))) return;
  if (!last_payload_ || !std::ranges::equal(*last_payload_, payload)) {
    last_payload_ = std::make_shared<const Bytes>(payload.begin(), payload.end());
    world_.add_to_digest(payload);
  }
  const auto sent = between_releases(from, to) ? in_another_version(*last_payload_) : last_payload_;
  deliver_datagram(from, to, path, sent, link.delay.draw(random));
  if (link.duplicate > 0 && random.chance(link.duplicate)) {
    deliver_datagram(from, to, path, sent, link.delay.draw(random) * 2);
  }
}

bool Fabric::between_releases(std::size_t from, std::size_t to) const {
  const auto& machines = world_.conditions().machines;
  return machines[from].other_release != machines[to].other_release;
}

void Fabric::deliver_datagram(std::size_t from, std::size_t to, PathIndex path,
                              std::shared_ptr<const Bytes> payload, Duration delay) {
  // A datagram belongs to nobody while it travels: the daemon that is there on its arrival gets it,
  // though it may be a later one than when it was sent.
  Machine& receiver = world_.machine(to);
  world_.after(delay, [this, from, &receiver, path, payload = std::move(payload)]() mutable {
    if (!receiver.daemon_runs()) return;
    auto hand_over = [this, from, &receiver, path, payload = std::move(payload)] {
      const auto& handler = receiver.network().handler();
      if (handler.on_datagram) handler.on_datagram(world_.machine(from).name(), path, *payload);
    };
    if (receiver.executing() && !receiver.stalled()) {
      hand_over();
    } else {
      receiver.on_daemon(world_.now(), std::move(hand_over));
    }
  });
}

void Fabric::send_message(std::size_t from, std::size_t to, ByteView message) {
  Conditions& conditions = world_.conditions();
  std::size_t path = 0;
  while (path < conditions.path_count() &&
         (conditions.link(path, from, to).cut || conditions.link(path, to, from).cut)) {
    ++path;
  }
  if (path == conditions.path_count()) return;
  world_.add_to_digest(message);
  stream_until_.resize(world_.size() * world_.size());
  WorldTime& until = stream_until_[from * world_.size() + to];
  until =
      std::max(until, world_.now() + conditions.link(path, from, to).delay.draw(world_.random()));
  Machine& receiver = world_.machine(to);
  receiver.on_daemon(until, [this, from, &receiver, bytes = Bytes(message.begin(), message.end())] {
    const auto& handler = receiver.network().handler();
    if (handler.on_message) handler.on_message(world_.machine(from).name(), bytes);
  });
}

}  // namespace mainstay::sim
