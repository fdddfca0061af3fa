// Mirrors in the status document.
#pragma once

#include "api/control.h"
#include "api/json_fields.h"

namespace mainstay::api {

Json mirror_json(const MirrorReport& report);
MirrorReport mirror_of(const Json& json);

}  // namespace mainstay::api
