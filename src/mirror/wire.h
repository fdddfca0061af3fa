// Messages as bytes: a version, then the fields in fixed order. Payload follows on the connection,
// its length is the range's.
#pragma once

#include "base/result.h"
#include "mirror/message.h"

namespace mainstay::mirror {

// Large enough for every message; the bits of one block of the bitmap are the longest.
inline constexpr std::size_t message_size_max = block_size + 64;

Bytes encode(const Message& message);
// corrupt: no message of this version. A Write's buffer is left for the caller to name.
Result<Message> decode_message(ByteView bytes);
// The bytes of payload behind it.
std::uint64_t payload_size(const Message& message);

}  // namespace mainstay::mirror
