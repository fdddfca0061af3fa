// Credentials as JSON: what the metadata service, a credential_process and a container's endpoint
// give.
#pragma once

#include <optional>
#include <string_view>

#include "adapters/aws/credentials.h"

namespace mainstay::aws {

// `origin` names the source in messages; the document itself never appears in one.
Result<Credentials> parse_role_document(std::string_view json, std::string_view origin);

// "2026-11-23T06:15:01Z", also with a fraction or an offset as "+09:00".
std::optional<WallTime> parse_timestamp(std::string_view text);

}  // namespace mainstay::aws
