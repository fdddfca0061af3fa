#include <doctest/doctest.h>

#include "sim/fixture.h"

namespace mainstay::sim {
namespace {

TEST_CASE("a save that is done is found again; saves take effect in their order") {
  Bench bench;
  CHECK(!bench[0].store().load()->has_value());
  Outcome first(bench[0].store().save(Bytes{1}));
  Outcome second(bench[0].store().save(Bytes{2}));
  CHECK(!first.settled());
  bench.run(1s);
  CHECK(first.value().has_value());
  CHECK(second.value().has_value());
  bench[0].power_off();
  CHECK(bench[0].store().load().value() == Bytes{2});
}

TEST_CASE("a crash during a save leaves the document before it or the new one, never another") {
  int kept = 0;
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Bench bench(seed);
    Outcome first(bench[0].store().save(Bytes{1}));
    bench.run(1s);
    Outcome second(bench[0].store().save(Bytes{2}));
    bench[0].power_off();
    bench.run(1s);
    CHECK(!second.settled());
    const auto found = bench[0].store().load().value();
    if (found == Bytes{1}) ++lost;
    if (found == Bytes{2}) ++kept;
  }
  CHECK(kept + lost == 50);
  CHECK(kept > 5);
  CHECK(lost > 5);
}

TEST_CASE("a disk that says no has changed nothing") {
  Bench bench;
  bench[0].conditions().store.fail = 1;
  Outcome save(bench[0].store().save(Bytes{1}));
  bench.run(1s);
  CHECK(save.value().error().code == Code::unavailable);
  CHECK(!bench[0].store().load()->has_value());
}

}  // namespace
}  // namespace mainstay::sim
