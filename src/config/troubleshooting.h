// docs/troubleshooting.md: every problem that a type declares, by the message that people search
// for.
#pragma once

#include <string>

#include "config/schema.h"

namespace mainstay {

std::string troubleshooting_text(const Catalog& catalog);

}  // namespace mainstay
