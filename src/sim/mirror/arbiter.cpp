#include "sim/mirror/arbiter.h"

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

using namespace mirror;

namespace {

constexpr Duration patience = 400ms;

}  // namespace

void Arbiter::write(const UpToDate& record) {
  ++version_;
  value_ = encode(record);
}

UpToDate Arbiter::record() const {
  const auto record = decode_up_to_date(value_);
  return record ? *record : UpToDate{};
}

bool Arbiter::loses() { return down_ || (flaky_ && world_.random().chance(0.4)); }

Duration Arbiter::way() { return world_.environment().arbiter.draw(world_.random()); }

void Arbiter::answer(Copy to, Instant when, Event event) {
  const std::uint64_t life = world_.engine(to).life();
  world_.at(when, [this, to, life, event = std::move(event)]() mutable {
    if (world_.engine(to).life() == life) world_.engine(to).tell(std::move(event));
  });
}

void Arbiter::read(Copy by, const ReadRecord& read) {
  const Instant asked = world_.now();
  if (loses()) return answer(by, asked + patience, RecordRead{read.ticket, false, 0, {}});
  world_.at(asked + way(), [this, by, read, life = world_.engine(by).life()] {
    if (world_.engine(by).life() != life) return;
    answer(by, world_.now() + way(), RecordRead{read.ticket, true, version_, value_});
  });
}

void Arbiter::swap(Copy by, SwapRecord swap) {
  const Instant asked = world_.now();
  if (loses() && world_.random().chance(0.5)) {
    return answer(by, asked + patience, RecordSwapped{swap.ticket, Swap::unknown, 0});
  }
  // One whose answer is given up may still arrive, and much later.
  const bool straggles = loses();
  if (straggles) answer(by, asked + patience, RecordSwapped{swap.ticket, Swap::unknown, 0});
  const Duration late = straggles ? world_.random().between(Duration{}, Duration(3s)) : Duration{};
  const std::uint64_t life = world_.engine(by).life();
  world_.at(asked + way() + late, [this, by, straggles, life, swap = std::move(swap)] {
    const bool done = version_ == swap.expected;
    if (done) {
      ++version_;
      value_ = swap.value;
      world_.on_record(record());
    }
    if (straggles || world_.engine(by).life() != life) return;
    answer(by, world_.now() + way(),
           RecordSwapped{swap.ticket, done ? Swap::done : Swap::lost, version_});
  });
}

}  // namespace mainstay::mirror_sim
