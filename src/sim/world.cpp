#include "sim/world.h"

#include <cstring>

namespace mainstay::sim {

World::World(WorldSetup setup)
    : random_(setup.seed),
      conditions_(std::move(setup.calm)),
      fabric_(*this),
      region_(*this),
      arbiter_(*this) {
  MAINSTAY_CHECK(setup.clocks.size() == setup.machines.size());
  MAINSTAY_CHECK(conditions_.machines.size() == setup.machines.size());
  for (std::size_t i = 0; i < setup.machines.size(); ++i) {
    machines_.push_back(
        std::make_unique<Machine>(*this, i, setup.machines[i], setup.clocks[i], random_.fork()));
  }
}

World::~World() = default;

void World::at(WorldTime when, std::move_only_function<void()> action) {
  queue_.at(std::max(when, now_), Due{Scope::world, 0, 0, std::move(action)});
}

bool World::run_until(WorldTime until) {
  stopped_ = false;
  while (!stopped_ && queue_.next_time() <= until) {
    auto [when, due] = queue_.pop();
    MAINSTAY_CHECK(when >= now_);
    if (when > now_ && at_rest_) at_rest_();
    now_ = when;
    run(std::move(due));
  }
  if (stopped_) return false;
  if (until > now_ && at_rest_) at_rest_();
  now_ = until;
  return true;
}

void World::run(Due due) {
  if (due.scope != Scope::world && !machines_[due.machine]->admits(due)) return;
  ++entries_run_;
  add_to_digest(static_cast<std::uint64_t>(now_.time_since_epoch().count()) * 8 +
                static_cast<std::uint64_t>(due.scope) + due.machine * 1'000'003ULL);
  due.action();
}

std::size_t World::index_of(const NodeName& name) const {
  std::size_t index = 0;
  while (index < machines_.size() && machines_[index]->name() != name) ++index;
  return index;
}

void World::add_to_digest(ByteView bytes) {
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    add_to_digest(word);
    bytes = bytes.subspan(8);
  }
  std::uint64_t rest = bytes.size();
  for (const auto byte : bytes) rest = rest << 8 | byte;
  add_to_digest(rest);
}

}  // namespace mainstay::sim
