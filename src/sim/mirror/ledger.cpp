#include "sim/mirror/ledger.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mainstay::mirror_sim {

Ledger::Ledger(std::uint64_t sectors) : sectors_(sectors) {
  writes_[0] = {.issued = 0, .closed = 1};
  clock_ = 1;
}

Ledger::Id Ledger::write_issued(const mirror::Range& range, bool zeroes) {
  const Id id = ++last_;
  writes_[id] = {.range = range, .value = zeroes ? 0 : id, .issued = ++clock_};
  for (auto sector = range.first; sector < range.end(); ++sector) {
    sectors_[sector].possible.push_back(id);
  }
  return id;
}

void Ledger::write_acknowledged(Id id, bool durable) {
  Write& write = writes_.at(id);
  write.closed = ++clock_;
  for (auto at = write.range.first; at < write.range.end(); ++at) {
    Sector& sector = sectors_[at];
    std::erase_if(sector.possible, [&](Id each) {
      const std::uint64_t closed = writes_.at(each).closed;
      const bool gone = each != id && closed != 0 && closed < write.issued;
      if (gone && !durable) sector.replaced.push_back({each, clock_, write.issued});
      return gone;
    });
    if (durable && sector.possible.size() == 1) sector.replaced.clear();
    if (!sector.replaced.empty()) replaced_.insert(at);
  }
}

void Ledger::write_abandoned(Id id) {
  Write& write = writes_.at(id);
  if (write.closed == 0) write.closed = ++clock_;
}

void Ledger::flush_acknowledged(std::uint64_t issued) {
  for (auto at = replaced_.begin(); at != replaced_.end();) {
    auto& replaced = sectors_[*at].replaced;
    std::erase_if(replaced, [&](const Replaced& each) { return each.at <= issued; });
    at = replaced.empty() ? replaced_.erase(at) : std::next(at);
  }
}

void Ledger::chosen(mirror::Sector at, std::uint64_t value) {
  Id id = value;
  if (value > last_) {
    // Of nobody whom this ledger knows.
    id = ++last_;
    writes_[id] = {.range = {at, 1}, .value = value, .issued = clock_, .closed = clock_};
  }
  sectors_[at] = {.possible = {id}, .replaced = {}};
  replaced_.erase(at);
}

void Ledger::restart() {
  for (auto at = replaced_.begin(); at != replaced_.end();) {
    Sector& sector = sectors_[*at];
    std::erase_if(sector.replaced, [&](const Replaced& each) {
      if (each.since > power_lost_) return false;
      if (std::ranges::find(sector.possible, each.id) == sector.possible.end()) {
        sector.possible.push_back(each.id);
      }
      return true;
    });
    at = sector.replaced.empty() ? replaced_.erase(at) : std::next(at);
  }
  ++clock_;
}

bool Ledger::quiet_since(mirror::Sector sector, std::uint64_t when) const {
  return std::ranges::all_of(sectors_[sector].possible, [&](Id id) {
    const std::uint64_t closed = writes_.at(id).closed;
    return closed != 0 && closed <= when;
  });
}

std::optional<std::string> Ledger::read(mirror::Sector at, std::uint64_t value) {
  Sector& sector = sectors_[at];
  std::vector<Id> shown;
  for (const Id id : sector.possible) {
    if (value_of(id) == value) shown.push_back(id);
  }
  if (shown.empty()) {
    std::vector<std::uint64_t> possible;
    for (const Id id : sector.possible) possible.push_back(value_of(id));
    return fmt::format("sector {} shows {}, not {}", at, value, fmt::join(possible, " or "));
  }
  const Id newest = std::ranges::max(shown);
  std::erase_if(sector.replaced, [&](const Replaced& each) { return each.id > newest; });
  for (const Id id : sector.possible) {
    if (id >= newest || value_of(id) == value) continue;
    ++clock_;
    sector.replaced.push_back({id, clock_, writes_.at(newest).issued});
  }
  if (!sector.replaced.empty()) replaced_.insert(at);
  sector.possible = std::move(shown);
  return std::nullopt;
}

bool Ledger::acknowledged_late(Id id, bool durable) {
  const Write& write = writes_.at(id);
  if (!durable && power_lost_ > write.issued) return true;
  for (auto at = write.range.first; at < write.range.end(); ++at) {
    const Sector& sector = sectors_[at];
    const bool there = std::ranges::find(sector.possible, id) != sector.possible.end();
    const bool written_over =
        std::ranges::any_of(sector.possible, [&](Id each) { return each > id; });
    if (!there && !written_over) return false;
  }
  return true;
}

}  // namespace mainstay::mirror_sim
