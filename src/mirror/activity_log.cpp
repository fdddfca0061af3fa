#include "mirror/activity_log.h"

#include <algorithm>

#include "base/check.h"
#include "base/mirror_sabotage.h"

namespace mainstay::mirror {
namespace {

constexpr std::uint32_t magic = 0x4c41534d;  // "MSAL"
constexpr std::size_t checksum_size = 4;

}  // namespace

ActivityLog::ActivityLog(const Geometry& geometry)
    : zones_(geometry.zones()), slots_(geometry.log_slots), slot_of_(geometry.zones(), no_slot) {
  for (std::uint32_t slot = geometry.log_slots; slot > 0; --slot) free_.push_back(slot - 1);
}

std::optional<ActivityLog::Transaction> ActivityLog::decode(ByteView block) const {
  ByteReader checksum(block.last(checksum_size));
  if (checksum.u32() != crc32c(block.first(block_size - checksum_size))) return std::nullopt;
  ByteReader reader(block.first(block_size - checksum_size));
  if (reader.u32() != magic) return std::nullopt;
  Transaction transaction;
  transaction.number = reader.u64();
  transaction.zones.resize(reader.count(slots_.size()));
  for (Zone& zone : transaction.zones) {
    zone = reader.u32();
    if (zone >= zones_) return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return transaction;
}

void ActivityLog::load(ByteView ring) {
  Transaction newest;
  for (; ring.size() >= block_size; ring = ring.subspan(block_size)) {
    auto transaction = decode(ring.first(block_size));
    if (transaction && transaction->number > newest.number) newest = std::move(*transaction);
  }
  number_ = newest.number;
  for (const Zone zone : newest.zones) {
    if (has(zone)) continue;
    admit(zone);
    slots_[slot_of_[zone]].durable = true;
  }
  pending_ = false;
}

void ActivityLog::grow(const Geometry& geometry) {
  MAINSTAY_CHECK(geometry.zones() >= zones_);
  zones_ = geometry.zones();
  slot_of_.resize(zones_, no_slot);
}

std::vector<Zone> ActivityLog::zones() const {
  std::vector<Zone> all;
  for (const Slot& slot : slots_) {
    if (slot.taken) all.push_back(slot.zone);
  }
  return all;
}

bool ActivityLog::covers(Zone zone) const {
  return slot_of_[zone] != no_slot && slots_[slot_of_[zone]].durable;
}

void ActivityLog::admit(Zone zone) {
  MAINSTAY_CHECK(zone < zones_ && !has(zone) && !free_.empty());
  slot_of_[zone] = free_.back();
  free_.pop_back();
  slots_[slot_of_[zone]] = {.zone = zone, .used = ++uses_, .taken = true};
  ++size_;
  pending_ = true;
}

void ActivityLog::evict(Zone zone) {
  MAINSTAY_CHECK(has(zone) && !busy(zone));
  slots_[slot_of_[zone]] = {};
  free_.push_back(slot_of_[zone]);
  slot_of_[zone] = no_slot;
  --size_;
  pending_ = true;
}

void ActivityLog::begin_write(Zone zone) {
  MAINSTAY_CHECK(covers(zone) || sabotaged(Sabotage::log_not_awaited));
  Slot& slot = slots_[slot_of_[zone]];
  ++slot.writes;
  slot.used = ++uses_;
}

void ActivityLog::end_write(Zone zone) {
  MAINSTAY_CHECK(has(zone) && busy(zone));
  --slots_[slot_of_[zone]].writes;
}

std::vector<Zone> ActivityLog::idle() const {
  std::vector<const Slot*> found;
  for (const Slot& slot : slots_) {
    if (slot.taken && slot.writes == 0 && slot.durable) found.push_back(&slot);
  }
  std::ranges::sort(found, {}, [](const Slot* slot) { return slot->used; });
  std::vector<Zone> zones;
  for (const Slot* slot : found) zones.push_back(slot->zone);
  return zones;
}

Bytes ActivityLog::begin_transaction() {
  ++number_;
  pending_ = false;
  ByteWriter writer;
  writer.u32(magic);
  writer.u64(number_);
  writer.u32(static_cast<std::uint32_t>(size_));
  for (Slot& slot : slots_) {
    if (!slot.taken) continue;
    writer.u32(slot.zone);
    slot.written = true;
  }
  Bytes block = writer.take();
  block.resize(block_size - checksum_size);
  ByteWriter checksum;
  checksum.u32(crc32c(block));
  block.insert(block.end(), checksum.bytes().begin(), checksum.bytes().end());
  return block;
}

void ActivityLog::transaction_done() {
  for (Slot& slot : slots_) {
    if (slot.taken && slot.written) slot.durable = true;
  }
}

}  // namespace mainstay::mirror
