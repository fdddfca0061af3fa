// All types of resources and monitors of this release: what the parser, `mainstay help` and the
// reference pages are handed.
#pragma once

#include "config/schema.h"

namespace mainstay {

const Catalog& catalog();

}  // namespace mainstay
