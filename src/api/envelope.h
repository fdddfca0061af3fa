// Requests and replies as bytes, for the way to another node.
#pragma once

#include "api/control.h"
#include "base/bytes.h"

namespace mainstay::api {

// A reply that would not fit into a message of the stream is an error reply instead.
inline constexpr std::size_t reply_size_max = 3 * 1024 * 1024;
inline constexpr std::size_t query_parameters_max = 16;
inline constexpr std::size_t parameter_size_max = 256;

Bytes encode(const Request& request);
Bytes encode(const Reply& reply);
// corrupt: truncated, or beyond the limits.
Result<Request> decode_request(ByteView bytes);
Result<Reply> decode_reply(ByteView bytes);

}  // namespace mainstay::api
