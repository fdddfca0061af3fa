#include "sim/mirror/link.h"

#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

using namespace mirror;

void Link::send(Copy from, Parcel parcel) {
  Random& random = world_.random();
  if (!up_[from] || severed_) return;
  const Copy to = other(from);
  Instant when = world_.now() + world_.environment().network.draw(random);
  if (!world_.environment().several_connections) when = std::max(when, arrived_[to]);
  arrived_[to] = std::max(when, arrived_[to]);
  // A network in which messages outlive their link is a broken one, and is mended, too.
  const bool straggles = random.chance(world_.environment().straggles) && !world_.healed();
  if (straggles) when += random.between(10ms, 3s);
  world_.at(when, [this, to, straggles, epoch = epoch_, parcel = std::move(parcel)]() mutable {
    const bool lives = epoch == epoch_ && !severed_;
    if ((lives || straggles) && up_[to]) world_.engine(to).arrive(std::move(parcel));
  });
}

void Link::sever(Duration patience) {
  if (severed_) return;
  severed_ = true;
  for (const Copy copy : {Copy{0}, Copy{1}}) {
    const Instant when = world_.now() + world_.random().between(Duration{}, patience);
    world_.at(when, [this, copy, epoch = epoch_] {
      if (epoch != epoch_ || !up_[copy]) return;
      up_[copy] = false;
      world_.engine(copy).tell(LinkDown{});
    });
  }
}

void Link::drop(Copy by, const std::string& why) {
  if (!up_[by]) return;
  world_.tell(by, fmt::format("drops the link: {}", why));
  up_[by] = false;
  sever(50ms);
}

void Link::engine_ended(Copy copy) {
  if (!up_[copy]) return;
  up_[copy] = false;
  sever(1s);
}

void Link::cut() {
  cut_ = true;
  sever(3s);
}

void Link::watch() {
  const bool possible = severed_ && !cut_ && world_.engine(0).awake() && world_.engine(1).awake();
  if (possible && world_.random().chance(0.5)) {
    severed_ = false;
    ++epoch_;
    arrived_ = {};
    up_ = {true, true};
    world_.tell("the link is up");
    for (const Copy copy : {Copy{0}, Copy{1}}) world_.engine(copy).tell(LinkUp{});
  }
  world_.at(world_.now() + world_.random().between(20ms, 200ms), [this] { watch(); });
}

}  // namespace mainstay::mirror_sim
