#include "sim/copies.h"

#include <fmt/format.h>

#include "base/check.h"
#include "sim/world.h"

namespace mainstay::sim {

void Copies::add(const std::string& mirror, std::array<std::size_t, 2> machines, bool record) {
  Pair& pair = pairs_[mirror];
  for (std::size_t side = 0; side < 2; ++side) pair.copies[side].machine = machines[side];
  pair.has_record = record;
  pair.random = Random(machines[0] + 7 * machines[1] + 1000 * pairs_.size());
  live(mirror);
}

// The application writes while its device is there.
void Copies::live(const std::string& mirror) {
  Pair& pair = pairs_.at(mirror);
  for (const std::size_t side : {0UL, 1UL}) {
    if (pair.copies[side].primary && world_.machine(pair.copies[side].machine).executing()) {
      write(pair, side);
    }
  }
  world_.after(pair.random.between(100ms, 500ms), [this, mirror] { live(mirror); });
}

Copies::Place Copies::place(const std::string& mirror, std::size_t machine) const {
  const auto pair = pairs_.find(mirror);
  if (pair == pairs_.end()) return {};
  for (const std::size_t side : {0UL, 1UL}) {
    if (pair->second.copies[side].machine == machine) return {&pair->second, side};
  }
  return {};
}

bool Copies::known(const std::string& mirror, std::size_t machine) const {
  return place(mirror, machine).pair != nullptr;
}

bool Copies::linked(const Pair& pair) const {
  const std::size_t here = pair.copies[0].machine;
  const std::size_t there = pair.copies[1].machine;
  if (!world_.machine(here).executing() || !world_.machine(there).executing()) return false;
  for (std::size_t path = 0; path < world_.conditions().path_count(); ++path) {
    const bool cut = world_.conditions().link(path, here, there).cut ||
                     world_.conditions().link(path, there, here).cut;
    if (!cut) return true;
  }
  return false;
}

bool Copies::record_reachable(std::size_t machine) const {
  Machine& asker = world_.machine(machine);
  const ArbiterConditions& arbiter = world_.conditions().arbiter;
  return asker.daemon_runs() && !asker.stalled() && asker.executing() && !arbiter.outage &&
         !arbiter.table_gone && !asker.conditions().arbiter_cut;
}

bool Copies::exclude_peer(Pair& pair, std::size_t side) {
  Copy& own = pair.copies[side];
  if (own.alone || !pair.has_record) return own.alone = true;
  if (!record_reachable(own.machine)) return false;
  if (pair.record.term > own.primary_term) {
    own.primary = false;
    return false;
  }
  pair.record = {.term = own.primary_term, .up_to_date = {side == 0, side == 1}};
  return own.alone = true;
}

// What the peer does while it hears a primary.
void Copies::follow(Pair& pair, std::size_t side) {
  Copy& own = pair.copies[side];
  Copy& peer = pair.copies[1 - side];
  peer.term = own.primary_term;
  peer.primary = false;
  const bool equal = peer.has == own.has && !peer.inconsistent;
  if (!equal && !peer.equal_at) {
    peer.inconsistent = true;
    peer.equal_at = world_.now() + pair.random.between(500ms, 10s);
  }
  if (peer.equal_at && world_.now() >= *peer.equal_at) {
    peer.has = own.has;
    peer.inconsistent = false;
    peer.equal_at.reset();
  }
  if (peer.inconsistent || !own.alone) return;
  if (pair.has_record && !record_reachable(own.machine)) return;
  pair.record = {.term = own.primary_term, .up_to_date = {true, true}};
  own.alone = false;
}

void Copies::write(Pair& pair, std::size_t side) {
  Copy& own = pair.copies[side];
  Copy& peer = pair.copies[1 - side];
  const bool hears = linked(pair);
  if (hears && peer.term > own.primary_term) {
    own.primary = false;
    return;
  }
  if (hears) {
    follow(pair, side);
  } else {
    peer.equal_at.reset();
  }
  const bool paired = hears && !peer.inconsistent && peer.has == own.has;
  if (!paired && !exclude_peer(pair, side)) return;
  MAINSTAY_CHECK(!pair.has_record || own.has == pair.acknowledged);
  own.has = ++pair.acknowledged;
  if (paired) peer.has = own.has;
}

Status Copies::promote_alone(Pair& pair, std::size_t side, std::uint64_t term) {
  Copy& own = pair.copies[side];
  if (pair.has_record) {
    if (!record_reachable(own.machine)) return failure(Code::unavailable, "no record yet");
    if (!pair.record.up_to_date[side] || pair.record.term > term) {
      return failure(Code::conflict, "only the other copy is up to date");
    }
    pair.record = {.term = term, .up_to_date = {side == 0, side == 1}};
  }
  own.alone = true;
  return {};
}

Status Copies::promote(const std::string& mirror, std::size_t machine, std::uint64_t term) {
  const auto [pair, side] = place(mirror, machine);
  MAINSTAY_CHECK(pair != nullptr);
  Copy& own = pair->copies[side];
  Copy& peer = pair->copies[1 - side];
  if (own.primary && own.primary_term == term) return {};
  if (own.term > term) return failure(Code::conflict, "a higher term is known");
  if (own.inconsistent) return failure(Code::conflict, "this copy is inconsistent");
  own.term = term;
  if (linked(*pair)) {
    if (peer.term > term) return failure(Code::conflict, "the other copy knows a higher term");
    if (peer.has > own.has) return failure(Code::conflict, "this copy is outdated");
    peer.term = term;
    peer.primary = false;
    own.alone = false;
  } else if (auto alone = promote_alone(*pair, side, term); !alone) {
    return alone;
  }
  own.primary = true;
  own.primary_term = term;
  return {};
}

void Copies::demote(const std::string& mirror, std::size_t machine) {
  const auto [pair, side] = place(mirror, machine);
  MAINSTAY_CHECK(pair != nullptr);
  pair->copies[side].primary = false;
}

MirrorStatus Copies::status(const std::string& mirror, std::size_t machine) const {
  const auto [pair, side] = place(mirror, machine);
  MAINSTAY_CHECK(pair != nullptr);
  const Copy& own = pair->copies[side];
  const Copy& peer = pair->copies[1 - side];
  const auto state = [](const Copy& copy, const Copy& other) {
    if (copy.inconsistent) return copy.equal_at ? CopyState::recovering : CopyState::inconsistent;
    return copy.has < other.has ? CopyState::outdated : CopyState::up_to_date;
  };
  MirrorStatus status;
  status.name = mirror;
  status.connected = linked(*pair);
  status.role = own.primary ? MirrorRole::primary : MirrorRole::secondary;
  status.term = own.term;
  // It cannot know of writes that it never heard of.
  status.own = own.inconsistent || status.connected ? state(own, peer) : CopyState::up_to_date;
  status.peer = status.connected ? state(peer, own) : CopyState::unknown;
  status.device = "/dev/sim";
  return status;
}

void Copies::power_lost(std::size_t machine) {
  for (auto& [mirror, pair] : pairs_) {
    for (Copy& copy : pair.copies) {
      if (copy.machine != machine) continue;
      copy.primary = false;
      copy.equal_at.reset();
    }
  }
}

std::optional<std::string> Copies::unfit(const std::string& mirror, std::size_t machine) const {
  const auto [pair, side] = place(mirror, machine);
  if (pair == nullptr) return "it has no copy";
  const Copy& own = pair->copies[side];
  if (!own.primary) return "its copy is not the primary";
  if (own.has == pair->acknowledged) return std::nullopt;
  return fmt::format("its copy has {} of {} acknowledged writes", own.has, pair->acknowledged);
}

std::uint64_t Copies::acknowledged(const std::string& mirror) const {
  const auto pair = pairs_.find(mirror);
  return pair == pairs_.end() ? 0 : pair->second.acknowledged;
}

}  // namespace mainstay::sim
