// Whatever bytes a peer, the disk or the arbiter holds: the decoders answer, and what they accept
// is read again as the same.
#include <cstdint>

#include "base/check.h"
#include "cluster/arbitration/session_record.h"
#include "cluster/durable.h"
#include "cluster/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mainstay;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto beat = decode_beat(bytes);
      if (beat) MAINSTAY_CHECK(decode_beat(encode(*beat)) == *beat);
      break;
    }
    case 1: {
      const auto durable = decode_durable(bytes);
      if (durable) MAINSTAY_CHECK(decode_durable(encode(*durable)) == *durable);
      break;
    }
    case 2: {
      const auto session = arbitration::decode_session(bytes);
      if (session)
        MAINSTAY_CHECK(arbitration::decode_session(arbitration::encode(*session)) == *session);
      break;
    }
    default: {
      const auto owner = arbitration::decode_owner(bytes);
      if (owner) MAINSTAY_CHECK(arbitration::decode_owner(arbitration::encode(*owner)) == *owner);
      break;
    }
  }
  return 0;
}
