// The front end's requests that were read and are not answered, in memory that outlives the engine:
// the one after it does them again.
//
// A request is read into an empty slot, and the slot is emptied behind its answer, before anything
// else is read or answered. So what stands in a slot was not answered, or was the last to be: to do
// it again is harmless, because nothing was asked since. An engine may end between any two stores;
// each store leaves the slot either as it was or as it is to be.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mirror/request.h"
#include "mirrord/fuse_message.h"

namespace mainstay::mirrord {

class RequestJournal {
 public:
  // More than the kernel asks at one time.
  static constexpr std::size_t slots_max = 511;
  static constexpr std::size_t slot_size = 128;
  static constexpr std::size_t size = (slots_max + 1) * slot_size;
  using Slot = std::uint32_t;
  // Where a write's payload lies; no bytes: nowhere.
  struct Payload {
    mirror::BufferId buffer = 0;
    std::uint32_t bytes = 0;
    bool operator==(const Payload&) const = default;
  };
  struct Unanswered {
    Slot slot = 0;
    Bytes head;                // as it was read
    std::size_t received = 0;  // bytes of the whole request
    Payload payload;
  };

  // `memory`: `size` bytes; zeroes if nobody had it before. No slot is in use.
  explicit RequestJournal(std::span<std::uint8_t> memory);

  // Forgets whatever the memory says.
  void clear();
  // What the engine before this one has not answered; these slots are in use from now on. Not after
  // take(). conflict: that was another release, which wrote it differently.
  Result<std::vector<Unanswered>> take_over();

  // An empty one. Nothing: all are in use.
  std::optional<Slot> take();
  // Where the request's first bytes are to be read to.
  std::span<std::uint8_t> head(Slot slot);
  // The payload is there, whole: before the request is read, where it is read to; later, where it
  // was copied to.
  void place(Slot slot, const Payload& payload);
  void put_back(Slot slot);

 private:
  std::span<std::uint8_t> memory_;
  std::vector<Slot> free_;
};

}  // namespace mainstay::mirrord
