// Small files, read and written whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::lab {

// "open /run/x: No such file or directory (errno 2)"; the code follows errno where a caller could
// care.
std::unexpected<Error> system_failure(std::string_view doing);

// The whole file, at most 16 MiB of it.
Result<std::string> read_file(const std::string& path);
// Replaces the file at once: a reader sees the old text or the new.
Status write_file(const std::string& path, std::string_view text);
// Writes into a file that is there already (procfs, cgroupfs).
Status write_existing(const std::string& path, std::string_view text);
Status make_directories(const std::string& path);
// Removes the tree, also where a directory forbids its owner to look into it (overlay work
// directories).
Status remove_tree(const std::string& path);

std::int64_t monotonic_ns();

}  // namespace mainstay::lab
