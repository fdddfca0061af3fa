// Whatever bytes a peer, the cluster partition or the arbiter holds for a mirror: the decoders
// answer, and what they accept is written again as the same.
#include <cstdint>

#include "base/check.h"
#include "mirror/activity_log.h"
#include "mirror/record.h"
#include "mirror/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mainstay;
  using namespace mainstay::mirror;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto message = decode_message(bytes);
      if (message) MAINSTAY_CHECK(encode(*decode_message(encode(*message))) == encode(*message));
      break;
    }
    case 1: {
      const auto superblock = decode_superblock(bytes);
      if (superblock) MAINSTAY_CHECK(*decode_superblock(encode(*superblock)) == *superblock);
      break;
    }
    case 2: {
      const auto record = decode_up_to_date(bytes);
      if (record) MAINSTAY_CHECK(*decode_up_to_date(encode(*record)) == *record);
      break;
    }
    default: {
      ActivityLog log({.sectors = 4096, .region_sectors = 8, .zone_regions = 4, .log_slots = 8});
      log.load(bytes);
      MAINSTAY_CHECK(log.zones().size() <= 8);
      break;
    }
  }
  return 0;
}
