// Reading a small file whole.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace mainstay {

// not_found, denied; invalid: larger than size_max, or not a file. The message names the file.
Result<std::string> read_file(const std::string& file, std::size_t size_max);

}  // namespace mainstay
