// Whether what answers is still the store that answered before.
//
// A store that was wiped, or brought back from a backup, has no records or old ones: to take their
// absence for the absence of a session would start a group that runs elsewhere. Its revision, which
// only grows, gives it away to whoever has spoken with it before.
#pragma once

#include <optional>

#include "adapters/arbiter/etcd_message.h"
#include "base/result.h"

namespace mainstay::etcd {

class Lineage {
 public:
  // Of the newest answer so far; what is asked from now on is answered by no less.
  std::int64_t floor() const { return known_.revision; }
  // `floor`: as it was when the question was asked.
  Status accept(const Origin& origin, std::int64_t floor);
  // unavailable, for good: the store is not the one that was known.
  Status intact() const;

 private:
  Origin known_;
  std::optional<Error> broken_;
};

}  // namespace mainstay::etcd
