#include "adapters/http/poll_loop.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace mainstay {
namespace {

struct Pipe {
  int ends[2];
  Pipe() { REQUIRE(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  void write_one() { REQUIRE(write(ends[1], "x", 1) == 1); }
  void read_one() {
    char c = 0;
    REQUIRE(read(ends[0], &c, 1) == 1);
  }
};

TEST_CASE("timers run in the order of their time, and those of one time in the order of asking") {
  PollLoop loop;
  std::string order;
  const Instant now = loop.now();
  loop.call_at(now + 2ms, [&] { order += 'c'; });
  loop.call_at(now, [&] { order += 'a'; });
  loop.call_at(now, [&] { order += 'b'; });
  loop.run_until([&] { return order.size() == 3; });
  CHECK(order == "abc");
}

TEST_CASE("a cancelled timer does not run, even if it was due together with its canceller") {
  PollLoop loop;
  bool ran = false;
  TimerId victim = 0;
  loop.call_at(loop.now() - 2ms, [&] { loop.cancel(victim); });
  victim = loop.call_at(loop.now() - 1ms, [&] { ran = true; });
  loop.run_once(loop.now());
  CHECK_FALSE(ran);
  loop.cancel(victim);
}

TEST_CASE("a timer that arms itself anew for now does not keep the loop to itself") {
  PollLoop loop;
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    loop.call_at(loop.now(), again);
  };
  loop.call_at(loop.now(), again);
  loop.run_once(loop.now());
  CHECK(rounds == 1);
}

TEST_CASE("a descriptor is reported for as long as it is ready, and not after it is forgotten") {
  PollLoop loop;
  Pipe pipe;
  int calls = 0;
  loop.watch(pipe.ends[0], {.readable = true}, [&](Readiness ready) {
    CHECK(ready.readable);
    ++calls;
  });
  loop.run_once(loop.now());
  CHECK(calls == 0);
  pipe.write_one();
  loop.run_once(never);
  loop.run_once(never);
  CHECK(calls == 2);
  loop.forget(pipe.ends[0]);
  loop.run_once(loop.now());
  CHECK(calls == 2);
  loop.forget(pipe.ends[0]);
}

TEST_CASE("a descriptor forgotten by another one's callback is not reported in that round") {
  PollLoop loop;
  Pipe first;
  Pipe second;
  int calls = 0;
  const auto both = [&](Readiness) {
    ++calls;
    loop.forget(first.ends[0]);
    loop.forget(second.ends[0]);
  };
  loop.watch(first.ends[0], {.readable = true}, both);
  loop.watch(second.ends[0], {.readable = true}, both);
  first.write_one();
  second.write_one();
  loop.run_once(never);
  CHECK(calls == 1);
}

TEST_CASE("a hang-up counts as readable") {
  PollLoop loop;
  Pipe pipe;
  close(pipe.ends[1]);
  bool readable = false;
  loop.watch(pipe.ends[0], {.readable = true}, [&](Readiness ready) { readable = ready.readable; });
  loop.run_once(never);
  CHECK(readable);
  pipe.ends[1] = dup(pipe.ends[0]);
}

}  // namespace
}  // namespace mainstay
