#include "adapters/arbiter/etcd_lineage.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::etcd {
namespace {

constexpr const char* remedy =
    "Its records are no evidence any more. Once etcd is in order, restart mainstayd on one node "
    "after the other";

}  // namespace

Status Lineage::accept(const Origin& origin, std::int64_t floor) {
  if (broken_) return std::unexpected(*broken_);
  if (known_.store.empty()) known_.store = origin.store;
  if (origin.store != known_.store) {
    broken_ = Error{Code::unavailable,
                    fmt::format("etcd: the members belong to two stores, {} and {}: one was built "
                                "anew, or the endpoints are not of one etcd. {}",
                                known_.store, origin.store, remedy)};
  } else if (origin.revision < floor) {
    broken_ = Error{Code::unavailable,
                    fmt::format("etcd: its revision went back from {} to {}: it has lost data, or "
                                "was brought back from a backup. {}",
                                floor, origin.revision, remedy)};
  }
  if (broken_) return std::unexpected(*broken_);
  known_.revision = std::max(known_.revision, origin.revision);
  return {};
}

Status Lineage::intact() const { return broken_ ? Status(std::unexpected(*broken_)) : Status(); }

}  // namespace mainstay::etcd
