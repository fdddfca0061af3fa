// Tests of the buddy allocator.
#include "mirrord/pool.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

namespace mainstay::mirrord {
namespace {

constexpr Pool::Page largest = buffer_size_max / page_size;

TEST_CASE("a pool gives what it has and no more") {
  Pool pool(2 * largest);
  REQUIRE(pool.take(buffer_size_max) == 0);
  REQUIRE(pool.take(1) == largest);
  CHECK_FALSE(pool.take(buffer_size_max));
  CHECK(pool.take(page_size + 1) == largest + 2);
  CHECK(pool.free_pages() == largest - 3);
}

TEST_CASE("a buffer is free when its last holder has released it, and halves become whole again") {
  Pool pool(largest);
  const auto small = pool.take(1);
  const auto other = pool.take(1);
  REQUIRE(small);
  REQUIRE(other);
  pool.hold(*small);
  pool.release(*small);
  pool.release(*other);
  CHECK_FALSE(pool.take(buffer_size_max));
  pool.release(*small);
  CHECK(pool.take(buffer_size_max));
}

TEST_CASE("a pool gives again, at the same places, what another one had given") {
  CHECK(rc::check([](const std::vector<std::uint32_t>& choices) {
    Pool before(2 * largest);
    std::map<Pool::Page, std::size_t> held;
    for (const std::uint32_t choice : choices) {
      const std::size_t bytes = 1 + choice % buffer_size_max;
      const auto first = before.take(choice % 3 == 0 ? bytes : 1 + choice % (8 * page_size));
      if (!first) continue;
      held[*first] = choice % 3 == 0 ? bytes : 1 + choice % (8 * page_size);
      if (choice % 5 != 0) continue;
      before.release(held.begin()->first);
      held.erase(held.begin());
    }
    Pool after(2 * largest);
    for (const auto& [first, bytes] : held) RC_ASSERT(after.take_at(first, bytes));
    RC_ASSERT(after.free_pages() == before.free_pages());
    for (const auto& [first, bytes] : held) RC_ASSERT(!after.take_at(first, bytes));
    for (const auto& [first, bytes] : held) after.release(first);
    RC_ASSERT(after.take(buffer_size_max) && after.take(buffer_size_max));
  }));
}

TEST_CASE("a pool gives nothing at a place that is none") {
  Pool pool(largest);
  CHECK_FALSE(pool.take_at(largest, 1));
  CHECK_FALSE(pool.take_at(1, page_size + 1));
  CHECK(pool.free_pages() == largest);
}

TEST_CASE("buffers never overlap, whatever the order of taking and releasing") {
  CHECK(rc::check([](const std::vector<std::uint32_t>& choices) {
    Pool pool(2 * largest);
    std::map<Pool::Page, Pool::Page> held;  // first page and the one behind the last
    for (const std::uint32_t choice : choices) {
      if (choice % 3 == 0 && !held.empty()) {
        auto victim = std::next(held.begin(), choice / 3 % static_cast<std::uint32_t>(held.size()));
        pool.release(victim->first);
        held.erase(victim);
        continue;
      }
      const std::size_t bytes = 1 + choice % buffer_size_max;
      const auto first = pool.take(bytes);
      if (!first) continue;
      const auto end = static_cast<Pool::Page>(*first + (bytes + page_size - 1) / page_size);
      const auto next = held.upper_bound(*first);
      RC_ASSERT(end <= 2 * largest);
      const bool before_the_next = next == held.end() || next->first >= end;
      const bool behind_the_last = next == held.begin() || std::prev(next)->second <= *first;
      RC_ASSERT(before_the_next);
      RC_ASSERT(behind_the_last);
      held[*first] = end;
    }
    for (const auto& [first, end] : held) pool.release(first);
    RC_ASSERT(pool.free_pages() == 2 * largest);
    const bool whole_again = pool.take(buffer_size_max) && pool.take(buffer_size_max);
    RC_ASSERT(whole_again);
  }));
}

}  // namespace
}  // namespace mainstay::mirrord
