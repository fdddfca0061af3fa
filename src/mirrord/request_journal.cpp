#include "mirrord/request_journal.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

// The first slot's place belongs to the format's mark. The last byte is its version.
constexpr std::uint64_t format_mark = 0x4d534a524e4c0001;

// What the kernel reads a request into begins with the request's size.
using Size = std::uint32_t;
constexpr std::size_t payload_at = fuse::head_size;
static_assert(payload_at % sizeof(std::uint64_t) == 0);
static_assert(payload_at + sizeof(std::uint64_t) <= RequestJournal::slot_size);

constexpr int bytes_bits = 32;

template <class T>
std::atomic_ref<T> word(std::uint8_t* at) {
  return std::atomic_ref<T>(*reinterpret_cast<T*>(at));
}

std::uint8_t* place_of(std::span<std::uint8_t> memory, RequestJournal::Slot slot) {
  return memory.data() + (slot + 1) * RequestJournal::slot_size;
}

}  // namespace

RequestJournal::RequestJournal(std::span<std::uint8_t> memory) : memory_(memory) {
  MAINSTAY_CHECK(memory_.size() == size);
  for (Slot slot = slots_max; slot > 0; --slot) free_.push_back(slot - 1);
}

void RequestJournal::clear() {
  free_.clear();
  for (Slot slot = slots_max; slot > 0; --slot) put_back(slot - 1);
  word<std::uint64_t>(memory_.data()).store(format_mark, std::memory_order_release);
}

Result<std::vector<RequestJournal::Unanswered>> RequestJournal::take_over() {
  if (word<std::uint64_t>(memory_.data()).load() != format_mark) {
    return failure(Code::conflict,
                   "requests of the engine before this one are lost: another release wrote them");
  }
  std::vector<Unanswered> found;
  for (Slot slot = 0; slot < slots_max; ++slot) {
    std::uint8_t* at = place_of(memory_, slot);
    const std::size_t received = word<Size>(at).load();
    if (received == 0) continue;
    const std::uint64_t payload = word<std::uint64_t>(at + payload_at).load();
    found.push_back({.slot = slot,
                     .head = Bytes(at, at + std::min(received, fuse::head_size)),
                     .received = received,
                     .payload = {.buffer = payload >> bytes_bits,
                                 .bytes = static_cast<std::uint32_t>(payload)}});
    std::erase(free_, slot);
  }
  return found;
}

std::optional<RequestJournal::Slot> RequestJournal::take() {
  if (free_.empty()) return std::nullopt;
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

std::span<std::uint8_t> RequestJournal::head(Slot slot) {
  return {place_of(memory_, slot), fuse::head_size};
}

void RequestJournal::place(Slot slot, const Payload& payload) {
  word<std::uint64_t>(place_of(memory_, slot) + payload_at)
      .store(payload.buffer << bytes_bits | payload.bytes, std::memory_order_release);
}

void RequestJournal::put_back(Slot slot) {
  MAINSTAY_CHECK(slot < slots_max);
  word<Size>(place_of(memory_, slot)).store(0, std::memory_order_release);
  free_.push_back(slot);
}

}  // namespace mainstay::mirrord
