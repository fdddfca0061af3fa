#include "mirror/generation.h"

#include <doctest/doctest.h>

namespace mainstay::mirror {
namespace {

TEST_CASE("two copies of one generation are equal") {
  CHECK(compare({5, {}, {4}}, {5, {4}, {}}) == Relation::equal);
}

TEST_CASE("a copy that was never built is behind every other") {
  CHECK(compare({}, {}) == Relation::both_blank);
  CHECK(compare({5, {}, {}}, {}) == Relation::ahead_by_all);
  CHECK(compare({}, {5, {}, {}}) == Relation::behind);
}

TEST_CASE("who went on alone is ahead, and the bitmap helps while the base is known") {
  Generations mine{5, {}, {}};
  const Generations theirs{5, {}, {}};
  begin(mine, 6);
  CHECK(compare(mine, theirs) == Relation::ahead);
  CHECK(compare(theirs, mine) == Relation::behind);
  for (Generation next = 7; next < 7 + bases_max; ++next) begin(mine, next);
  CHECK(mine.bases.size() == bases_max);
  CHECK(compare(mine, theirs) == Relation::ahead_by_all);
  CHECK(compare(theirs, mine) == Relation::behind);
}

TEST_CASE("two that both went on alone have diverged") {
  Generations mine{5, {}, {}};
  Generations theirs = mine;
  begin(mine, 6);
  begin(theirs, 7);
  CHECK(compare(mine, theirs) == Relation::diverged);
  CHECK(compare(theirs, mine) == Relation::diverged);
}

TEST_CASE("histories without a common number are unrelated") {
  CHECK(compare({5, {4}, {}}, {6, {7}, {}}) == Relation::unrelated);
}

TEST_CASE(
    "who is overruled is behind, by the bitmaps if both have marked since they were the same") {
  Generations mine{5, {}, {}};
  Generations theirs = mine;
  begin(mine, 6);
  begin(theirs, 7);
  overrule(mine, theirs, 8);
  CHECK(compare(mine, theirs) == Relation::ahead);
  CHECK(compare(theirs, mine) == Relation::behind);
  Generations stranger{9, {4}, {}};
  overrule(stranger, theirs, 10);
  CHECK(compare(stranger, theirs) == Relation::ahead_by_all);
  CHECK(compare(theirs, stranger) == Relation::behind);
  // Whoever goes on nevertheless is not behind.
  begin(theirs, 11);
  CHECK(compare(mine, theirs) == Relation::diverged);
}

TEST_CASE("after a resync both are equal, and remember what they were") {
  Generations source{5, {}, {}};
  Generations target = source;
  begin(source, 6);
  adopt(target, source.current);
  settle(source);
  CHECK(source == target);
  CHECK(compare(source, target) == Relation::equal);
  CHECK(compare({5, {}, {}}, target) == Relation::behind);
}

TEST_CASE("a source whose target may or may not have its generation knows both") {
  Generations source{5, {}, {}};
  const Generations old_target = source;
  begin(source, 6);
  Generations new_target = old_target;
  adopt(new_target, 6);
  begin(source, 7);
  CHECK(compare(source, old_target) == Relation::ahead);
  CHECK(compare(source, new_target) == Relation::ahead);
}

TEST_CASE("a history forgets its oldest numbers only") {
  Generations copy{1, {}, {}};
  for (Generation next = 2; next < 30; ++next) adopt(copy, next);
  CHECK(copy.history.size() == history_max);
  CHECK(compare({28, {}, {}}, copy) == Relation::behind);
  CHECK(compare({3, {}, {}}, copy) == Relation::unrelated);
}

}  // namespace
}  // namespace mainstay::mirror
