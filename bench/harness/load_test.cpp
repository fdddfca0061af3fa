#include "harness/load.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "harness/process.h"

namespace mainstay::bench {
namespace {

TEST_CASE("what a program cost that has ended is its parent's") {
  const auto before = load_of(getpid());
  REQUIRE(before.has_value());
  CHECK(before->rss_kib > 1000);
  const auto done =
      output_of({.argv = {"/bin/sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"}});
  REQUIRE(done.has_value());
  CHECK(load_of(getpid())->cpu_ms >= before->cpu_ms + 20);
}

TEST_CASE("a program that runs counts with its memory") {
  const auto alone = load_of(getpid());
  auto sleeper = Background::start({.argv = {"/bin/sleep", "60"}}, "/dev/null");
  REQUIRE(sleeper.has_value());
  CHECK(load_of(getpid())->rss_kib >= alone->rss_kib);
  sleeper->end();
  CHECK(load_of(-1).error().code == Code::not_found);
}

}  // namespace
}  // namespace mainstay::bench
