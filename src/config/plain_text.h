// A look at a document before it is read as TOML: outside of quotes and comments it is ASCII.
//
// TOML has no use for other characters there, people put them there by accident (curly quotes, wide
// blanks), and toml++ 3.3 runs into undefined behaviour at some of them.
#pragma once

#include <optional>
#include <string_view>

#include "config/problem.h"

namespace mainstay {

std::optional<Problem> stray_character(std::string_view text);

}  // namespace mainstay
