// fio, the load generator, on one file or device.
#pragma once

#include <string>

#include "harness/wire.h"

namespace mainstay::bench {

struct FioLoad {
  std::string path;
  std::uint64_t size = 0;
  std::string pattern = "randwrite";  // as fio names it
  std::size_t request = 4096;
  int depth = 1;
  bool flush = false;  // after each write
  Duration length = 2s;
};

Result<LoadResult> run_fio(const FioLoad& load);
// What fio's JSON says of the one job in it.
Result<LoadResult> read_fio(const std::string& text, bool reads);

}  // namespace mainstay::bench
