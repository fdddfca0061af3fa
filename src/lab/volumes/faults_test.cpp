// The words of `fault volume`, and what they mean.
#include "lab/volumes/faults.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cerrno>

#include "lab/volumes/volume.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

using Words = std::vector<std::string>;
constexpr auto writing = VolumeOperation::write;

VolumeFaults made(const Words& words) {
  const auto faults = with_fault({}, words);
  REQUIRE_MESSAGE(faults.has_value(), (faults ? "" : faults.error().message));
  return *faults;
}

}  // namespace

TEST_CASE("each kind of fault is said in words and read back in words") {
  CHECK(to_text(made({"latency", "5ms"})) ==
        "latency of read 5 ms, latency of write 5 ms, latency of flush 5 ms");
  CHECK(to_text(made({"latency", "5ms", "--operation", "flush"})) == "latency of flush 5 ms");
  CHECK(to_text(made({"errors", "--operation", "write", "--rate", "10%"})) ==
        "errors of write 10 %");
  CHECK(made({"errors", "--count", "3"}).of(writing).errors_left == 3);
  CHECK(to_text(made({"lose-cache", "--seed", "7"})) == "loses 50 % of its cache, tears writes");
  CHECK(made({"lose-cache", "--seed", "7"}).loss == CacheLoss{0.5, 0.5, 7});
  CHECK(made({"tear"}).loss == CacheLoss{0, 0.5, 1});
  CHECK(to_text(VolumeFaults{}).empty());
}

TEST_CASE("faults add up until the volume is healed") {
  auto faults = made({"latency", "5ms", "--operation", "read"});
  faults = *with_fault(faults, {"errors", "--operation", "write"});
  CHECK(to_text(faults) == "latency of read 5 ms, errors of write 100 %");
  CHECK(*with_fault(faults, {"heal"}) == VolumeFaults{});
}

TEST_CASE("what makes no sense is refused") {
  for (const Words& words : std::vector<Words>{{"latency"},
                                               {"latency", "soon"},
                                               {"latency", "2min"},
                                               {"latency", "-1ms"},
                                               {"errors", "--operation", "seek"},
                                               {"errors", "--rate", "2"},
                                               {"errors", "--count", "many"},
                                               {"lose-cache", "now"},
                                               {"rot"}}) {
    CHECK(with_fault({}, words).error().code == Code::invalid);
  }
}

TEST_CASE("a volume refuses as many requests as was said, and then works again") {
  const std::string file = "/tmp/mainstay-volume-faults-" + std::to_string(::getpid());
  Volume volume("vol-1", *VolumeDisk::open(file, 64 * volume_sector));
  ::unlink(file.c_str());
  volume.power_on();
  REQUIRE(volume.set_faults(made({"errors", "--operation", "write", "--count", "2"})));
  const Bytes sector(volume_sector, 1);
  const fuse::Request request{
      .what = fuse::Request::What::write, .unique = 5, .size = volume_sector};
  const auto good = fuse::reply_written(5, volume_sector);
  CHECK(volume.answer(request, sector) == fuse::reply_error(5, EIO));
  CHECK(volume.answer(request, sector) == fuse::reply_error(5, EIO));
  CHECK(volume.answer(request, sector) == good);
  REQUIRE(volume.power_off());
  CHECK(volume.answer(request, sector).empty());
}
