// A replicated store with compare-and-swap outside the nodes. Every read is consistent; every write
// is conditional on the version that was read. An adapter settles the lost-reply case itself by
// reading back and comparing the nonce it wrote; what it still cannot tell is outcome_unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

// Changes with every write of the record; 0: there is no record.
using RecordVersion = std::uint64_t;

struct ArbiterRecord {
  RecordVersion version = 0;
  Bytes value;
  friend bool operator==(const ArbiterRecord&, const ArbiterRecord&) = default;
};

inline constexpr std::size_t arbiter_value_size_max = 64 * 1024;

class Arbiter {
 public:
  virtual ~Arbiter() = default;

  // Keys are like "node/a" and "group/web", below the cluster's name. A missing record has version
  // 0.
  virtual Task<Result<ArbiterRecord>> read(std::string key, Call call) = 0;
  // Writes if the record's version is still `expected`; gives the new version. conflict: it is not,
  // nothing was written.
  virtual Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                           Call call) = 0;
};

}  // namespace mainstay
