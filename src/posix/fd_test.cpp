#include "posix/fd.h"

#include <doctest/doctest.h>

#include <fcntl.h>

namespace mainstay {
namespace {

bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }

TEST_CASE("a descriptor is closed once, by whoever has it last") {
  int number = -1;
  {
    Fd first(open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(first);
    number = first.number();
    const Fd second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second.number() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("what is given another descriptor closes its own") {
  Fd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int before = one.number();
  one = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(one);
  CHECK((one.number() == before || !is_open(before)));
  one.reset();
  CHECK_FALSE(one);
  one.reset();
  CHECK_FALSE(one);
}

}  // namespace
}  // namespace mainstay
