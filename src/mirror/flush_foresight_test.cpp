// Tests of what is guessed of the flushes to come.
#include "mirror/flush_foresight.h"

#include <doctest/doctest.h>

#include <vector>

namespace mainstay::mirror {
namespace {

// Of the last time that these stretches came round: whether each one's first write was foreseen.
std::vector<bool> foreseen(const std::vector<int>& stretches, int rounds) {
  FlushForesight foresight;
  std::vector<bool> last;
  for (int round = 0; round < rounds; ++round) {
    last.clear();
    for (const int writes : stretches) {
      bool first = false;
      for (int i = 0; i < writes; ++i) {
        const bool alone = foresight.on_write();
        if (i == 0) first = alone;
        if (i > 0) CHECK_FALSE(alone);
      }
      last.push_back(first);
      foresight.on_flush();
    }
  }
  return last;
}

TEST_CASE("who flushes each write is foreseen, and nobody at first") {
  CHECK(foreseen({1}, 1) == std::vector{false});
  CHECK(foreseen({1}, 8) == std::vector{true});
}

TEST_CASE("who flushes many writes at once is left alone") {
  CHECK(foreseen({2}, 20) == std::vector{false});
  CHECK(foreseen({30}, 20) == std::vector{false});
}

TEST_CASE("a journal's record and its commit are told apart") {
  CHECK(foreseen({4, 1}, 10) == std::vector{false, true});
  CHECK(foreseen({4, 1, 1}, 10) == std::vector{false, true, true});
}

TEST_CASE("a flush after nothing says nothing") {
  FlushForesight foresight;
  for (int i = 0; i < 8; ++i) {
    foresight.on_write();
    foresight.on_flush();
  }
  for (int i = 0; i < 8; ++i) foresight.on_flush();
  CHECK(foresight.on_write());
}

TEST_CASE("one stretch of many writes ends it until single ones have come again") {
  FlushForesight foresight;
  const auto stretch = [&](int writes) {
    const bool alone = foresight.on_write();
    for (int i = 1; i < writes; ++i) foresight.on_write();
    foresight.on_flush();
    return alone;
  };
  for (int i = 0; i < 8; ++i) stretch(1);
  CHECK(stretch(9));
  CHECK_FALSE(stretch(9));
  for (int i = 0; i < 8; ++i) stretch(1);
  CHECK(stretch(1));
}

}  // namespace
}  // namespace mainstay::mirror
