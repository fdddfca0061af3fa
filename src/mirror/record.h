// What the arbiter knows of a mirror: which copies are up to date, under which term. It outlives
// both nodes, and so it can stop a copy that does not know what it has missed.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "mirror/superblock.h"

namespace mainstay::mirror {

// Which of the two copies: 0 or 1, in the order in which the configuration names the nodes.
using Copy = std::uint8_t;
inline constexpr Copy other(Copy copy) { return copy == 0 ? 1 : 0; }

struct UpToDate {
  Term term = 0;
  bool first = false;
  bool second = false;
  std::uint64_t choices = 0;  // how often a person has chosen a copy
  bool has(Copy copy) const { return copy == 0 ? first : second; }
  friend bool operator==(const UpToDate&, const UpToDate&) = default;
};
inline UpToDate both(Term term) { return {term, true, true, 0}; }
inline UpToDate only(Copy copy, Term term) { return {term, copy == 0, copy == 1, 0}; }

Bytes encode(const UpToDate& record);
Result<UpToDate> decode_up_to_date(ByteView bytes);

}  // namespace mainstay::mirror
