// What /proc tells of processes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mainstay::adapters {

// The numbers of all processes we can see.
std::vector<int> processes();

// At most `size_max` bytes, more or less; "" if it cannot be read (any more).
std::string read_small_file(const std::string& path, std::size_t size_max);

// The variables ("NAME=value") a process was started with; its first ones, if it has very many.
// Empty if it is gone or not ours to see.
std::vector<std::string> environment_of(int pid);

}  // namespace mainstay::adapters
