// What goes wrong with a volume, and the words it is asked for with. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/volumes/disk.h"

namespace mainstay::lab {

enum class VolumeOperation { read, write, flush };

struct OperationFaults {
  Duration latency{};
  double error_rate = 0;
  int errors_left = 0;  // 0: no end to them
  friend bool operator==(const OperationFaults&, const OperationFaults&) = default;
};

struct VolumeFaults {
  std::array<OperationFaults, 3> operations = {};
  CacheLoss loss = {};

  OperationFaults& of(VolumeOperation operation) {
    return operations.at(static_cast<std::size_t>(operation));
  }
  friend bool operator==(const VolumeFaults&, const VolumeFaults&) = default;
};

inline constexpr const char* volume_fault_usage =
    "volume NAME[/DEVICE] latency D [--operation read|write|flush] | errors [--operation O] "
    "[--rate SHARE] [--count N] | lose-cache [--rate SHARE] [--seed N] | tear [--seed N] | heal";

// `words` begin with the kind. The faults there are then.
Result<VolumeFaults> with_fault(VolumeFaults faults, const std::vector<std::string>& words);
// "latency of writes 5 ms, errors of reads 10 %"; empty: none.
std::string to_text(const VolumeFaults& faults);

}  // namespace mainstay::lab
