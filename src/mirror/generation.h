// Who has which history. A copy's generation is a random number that changes whenever the two
// copies may begin to differ; with the numbers it had before, any pair of copies can be told apart.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mainstay::mirror {

using Generation = std::uint64_t;  // 0: none, this copy was never built

inline constexpr std::size_t bases_max = 4;
inline constexpr std::size_t history_max = 8;

struct Generations {
  Generation current = 0;
  // The generations of the peer to which our dirty bitmap is the difference, newest first.
  std::vector<Generation> bases;
  // What this copy was before that, newest first: the peer is behind, but only everything helps it.
  std::vector<Generation> history;
  friend bool operator==(const Generations&, const Generations&) = default;
};

enum class Relation : std::uint8_t {
  equal,
  ahead,         // we have all of theirs and more; the bitmap says what
  ahead_by_all,  // we have all of theirs and more; nobody knows what
  behind,        // they are ahead of us, one way or the other
  diverged,      // both went on from something that both had
  unrelated,     // nothing in common
  both_blank,
};
std::string_view to_text(Relation relation);

Relation compare(const Generations& mine, const Generations& theirs);

// From now on this copy may hold what the peer does not.
void begin(Generations& generations, Generation fresh);
// What the peer has beside or beyond ours counts no more: theirs becomes one of our past. Where the
// two bitmaps together are the difference it becomes a base.
void overrule(Generations& mine, const Generations& theirs, Generation fresh);
// The peer holds all we have: what was a base is past.
void settle(Generations& generations);
// This copy has become what the source is.
void adopt(Generations& generations, Generation source);

}  // namespace mainstay::mirror
