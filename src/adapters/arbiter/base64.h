// Bytes in JSON, as both stores have them: base64 with its padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mainstay::adapters {

std::string to_base64(ByteView bytes);
// nullopt: it is none.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace mainstay::adapters
