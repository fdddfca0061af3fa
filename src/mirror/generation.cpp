#include "mirror/generation.h"

#include <algorithm>

namespace mainstay::mirror {
namespace {

bool has(const std::vector<Generation>& list, Generation wanted) {
  return wanted != 0 && std::ranges::find(list, wanted) != list.end();
}

bool past(const Generations& generations, Generation wanted) {
  return has(generations.bases, wanted) || has(generations.history, wanted);
}

void remember(Generations& generations, Generation past_one) {
  if (past_one == 0 || has(generations.history, past_one)) return;
  generations.history.insert(generations.history.begin(), past_one);
  if (generations.history.size() > history_max) generations.history.pop_back();
}

void forget_old_bases(Generations& generations) {
  while (generations.bases.size() > bases_max) {
    remember(generations, generations.bases.back());
    generations.bases.pop_back();
  }
}

bool share_a_past(const Generations& left, const Generations& right) {
  const auto known = [&](Generation one) { return past(right, one); };
  return std::ranges::any_of(left.bases, known) || std::ranges::any_of(left.history, known);
}

}  // namespace

std::string_view to_text(Relation relation) {
  switch (relation) {
    case Relation::equal:
      return "equal";
    case Relation::ahead:
      return "ahead";
    case Relation::ahead_by_all:
      return "ahead by all";
    case Relation::behind:
      return "behind";
    case Relation::diverged:
      return "diverged";
    case Relation::unrelated:
      return "unrelated";
    case Relation::both_blank:
      return "both blank";
  }
  return "?";
}

Relation compare(const Generations& mine, const Generations& theirs) {
  if (mine.current == 0 && theirs.current == 0) return Relation::both_blank;
  if (theirs.current == 0) return Relation::ahead_by_all;
  if (mine.current == 0) return Relation::behind;
  if (mine.current == theirs.current) return Relation::equal;
  const bool we_had_theirs = past(mine, theirs.current);
  const bool they_had_ours = past(theirs, mine.current);
  if (we_had_theirs && they_had_ours) return Relation::diverged;
  if (they_had_ours) return Relation::behind;
  if (has(mine.bases, theirs.current)) return Relation::ahead;
  if (we_had_theirs) return Relation::ahead_by_all;
  return share_a_past(mine, theirs) ? Relation::diverged : Relation::unrelated;
}

void begin(Generations& generations, Generation fresh) {
  if (generations.current != 0) {
    generations.bases.insert(generations.bases.begin(), generations.current);
  }
  forget_old_bases(generations);
  generations.current = fresh;
}

void overrule(Generations& mine, const Generations& theirs, Generation fresh) {
  const auto a_base_of_theirs = [&](Generation one) { return has(theirs.bases, one); };
  // Each has marked what it wrote since they were the same.
  const bool bitmaps_know =
      a_base_of_theirs(mine.current) || std::ranges::any_of(mine.bases, a_base_of_theirs);
  begin(mine, fresh);
  if (!bitmaps_know) return remember(mine, theirs.current);
  mine.bases.insert(mine.bases.begin(), theirs.current);
  forget_old_bases(mine);
}

void settle(Generations& generations) {
  for (auto base = generations.bases.rbegin(); base != generations.bases.rend(); ++base) {
    remember(generations, *base);
  }
  generations.bases.clear();
}

void adopt(Generations& generations, Generation source) {
  settle(generations);
  if (generations.current != source) remember(generations, generations.current);
  generations.current = source;
}

}  // namespace mainstay::mirror
