// How promises and intents stand in bytes: the same in a beat and in the durable state.
#pragma once

#include "base/bytes.h"
#include "cluster/message.h"

namespace mainstay {

inline constexpr std::size_t name_size_max = 64;

void write(ByteWriter& writer, const Promise& promise);
Promise read_promise(ByteReader& reader);
void write(ByteWriter& writer, const Intent& intent);
Intent read_intent(ByteReader& reader);

}  // namespace mainstay
