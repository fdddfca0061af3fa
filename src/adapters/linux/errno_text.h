// The kernel's error numbers as our errors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::adapters {

// "No such file or directory".
std::string errno_text(int number);

// The code a caller can act on.
Code errno_code(int number);

// "<what>: <the kernel's sentence>" with the matching code.
std::unexpected<Error> errno_failure(int number, std::string_view what);

}  // namespace mainstay::adapters
