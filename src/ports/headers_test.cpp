// Every header of this folder compiles, and the one with behaviour behaves.
#include <doctest/doctest.h>

#include "ports/arbiter.h"
#include "ports/aws.h"
#include "ports/aws_survey.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/mirror.h"
#include "ports/mounts.h"
#include "ports/network.h"
#include "ports/power.h"
#include "ports/process.h"
#include "ports/store.h"

namespace mainstay {
namespace {

TEST_CASE("a cancellation runs each action once, late ones at once, forgotten ones never") {
  const Cancellation cancellation;
  int early = 0;
  int late = 0;
  int forgotten = 0;
  cancellation.on_request([&] { ++early; });
  cancellation.forget(cancellation.on_request([&] { ++forgotten; }));
  cancellation.request();
  cancellation.request();
  cancellation.on_request([&] { ++late; });
  CHECK(early == 1);
  CHECK(late == 1);
  CHECK(forgotten == 0);
  CHECK(cancellation.requested());
}

}  // namespace
}  // namespace mainstay
