// What a copy knows of itself, on its cluster partition: written in two places by turns, each with
// a checksum, so that a write that a power cut tears leaves the one before it.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "mirror/generation.h"
#include "mirror/geometry.h"

namespace mainstay::mirror {

using Term = std::uint64_t;
using MirrorId = std::array<std::uint64_t, 2>;

enum class CopyState : std::uint8_t {
  inconsistent,  // target of a resync that has not ended, or never built: of no use alone
  up_to_date,    // as far as this copy knows; the arbiter's record may know better
};
std::string_view to_text(CopyState state);

struct Superblock {
  std::uint64_t counter = 0;  // rises with each write; its parity says which place
  MirrorId mirror{};
  Geometry geometry;
  CopyState state = CopyState::inconsistent;
  Generations generations;
  // The peer may have our current generation, too: a new one must begin before we go on alone.
  bool shared = true;
  // Nothing of a lower term is taken in.
  Term term = 0;
  // The term under which this copy is, or was when it fell, the primary's.
  Term primary_term = 0;
  // The highest term whose writes this copy may hold, as the primary's or as a follower.
  Term data_term = 0;
  // The number of a person's choice for this copy, which gives up what the other one has of terms
  // up to `given_up`. The later choice counts. 0: there was none.
  std::uint64_t choice = 0;
  Term given_up = 0;
  // How many sectors it had before it last grew; 0: it has not grown. What is behind them is zero,
  // or was written since.
  std::uint64_t grown_from = 0;
  friend bool operator==(const Superblock&, const Superblock&) = default;
};

// One block.
Bytes encode(const Superblock& superblock);
// corrupt: no superblock, or a damaged one. invalid: of a version that we cannot read.
Result<Superblock> decode_superblock(ByteView block);

// What the two places hold. nullopt: nothing at all was ever written there. corrupt: neither place
// checks out. invalid: a newer Mainstay's. conflict: another mirror's, or something else's.
Result<std::optional<Superblock>> choose(ByteView first, ByteView second, const MirrorId& expected);

}  // namespace mainstay::mirror
