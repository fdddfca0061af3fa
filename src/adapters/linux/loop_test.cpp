// The event loop: order, deadlines, descriptors, signals, other threads.
#include "adapters/linux/loop.h"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <csignal>
#include <mutex>
#include <thread>

#include "adapters/linux/clock.h"
#include "adapters/linux/test_support.h"
#include "adapters/linux/worker.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

struct SocketPair {
  Fd left;
  Fd right;
  SocketPair() {
    int both[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) == 0);
    left = Fd(both[0]);
    right = Fd(both[1]);
  }
};

TEST_CASE("timers run in the order of their instants, and never early") {
  Loop loop;
  LinuxClock clock(loop);
  const Instant start = clock.now();
  std::string order;
  Instant last_at;
  clock.call_at(start + 30ms, [&] {
    order += 'c';
    last_at = clock.now();
  });
  clock.call_at(start + 10ms, [&] { order += 'a'; });
  clock.call_at(start + 10ms, [&] { order += 'b'; });
  REQUIRE(loop.run_until([&] { return order.size() == 3; }, start + test_patience));
  CHECK(order == "abc");
  CHECK(last_at >= start + 30ms);
}

TEST_CASE("a cancelled timer does not run, not even one cancelled by a timer due with it") {
  Loop loop;
  const Instant due = loop.now();
  bool ran = false;
  bool end = false;
  TimerId second = 0;
  loop.call_at(due, [&] { loop.cancel(second); });
  second = loop.call_at(due, [&] { ran = true; });
  loop.call_at(due + 1ms, [&] { end = true; });
  REQUIRE(loop.run_until([&] { return end; }, due + test_patience));
  CHECK_FALSE(ran);
}

TEST_CASE("a timer of the past runs at the next turn") {
  Loop loop;
  bool ran = false;
  loop.call_at(Instant(), [&] { ran = true; });
  CHECK(loop.run_until([&] { return ran; }, loop.now() + test_patience));
}

TEST_CASE("run_until gives up at its deadline") {
  Loop loop;
  const Instant deadline = loop.now() + 5ms;
  CHECK_FALSE(loop.run_until([] { return false; }, deadline));
  CHECK(loop.now() >= deadline);
}

TEST_CASE("posts of other threads arrive in order and wake the loop") {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("a mailbox that outlives its loop drops what it is given") {
  std::shared_ptr<Mailbox> mailbox;
  {
    Loop loop;
    mailbox = loop.mailbox();
  }
  bool ran = false;
  mailbox->post([&] { ran = true; });
  CHECK_FALSE(ran);
}

TEST_CASE("a descriptor is watched for what was asked, until it is forgotten") {
  Loop loop;
  SocketPair pair;
  int writable = 0;
  std::string heard;
  loop.watch(pair.left.number(), {.writable = true}, [&](Readiness ready) {
    CHECK(ready.writable);
    CHECK_FALSE(ready.readable);
    ++writable;
    loop.watch(pair.left.number(), {.readable = true}, [&](Readiness now_ready) {
      CHECK(now_ready.readable);
      char byte = 0;
      REQUIRE(read(pair.left.number(), &byte, 1) == 1);
      heard += byte;
      if (heard == "no") loop.forget(pair.left.number());
    });
    REQUIRE(write(pair.right.number(), "now", 3) == 3);
  });
  REQUIRE(loop.run_until([&] { return heard == "no"; }, loop.now() + test_patience));
  CHECK_FALSE(loop.run_until([&] { return heard != "no"; }, loop.now() + 5ms));
  CHECK(writable == 1);
}

TEST_CASE("a callback that forgets another descriptor of the same turn is obeyed") {
  Loop loop;
  SocketPair first;
  SocketPair second;
  int calls = 0;
  const auto only_one = [&](Readiness) {
    ++calls;
    loop.forget(first.left.number());
    loop.forget(second.left.number());
  };
  loop.watch(first.left.number(), {.readable = true}, only_one);
  loop.watch(second.left.number(), {.readable = true}, only_one);
  REQUIRE(write(first.right.number(), "x", 1) == 1);
  REQUIRE(write(second.right.number(), "x", 1) == 1);
  CHECK_FALSE(loop.run_until([&] { return calls > 1; }, loop.now() + 10ms));
  CHECK(calls == 1);
}

TEST_CASE("an event of a closed descriptor is not given to the next one with its number") {
  Loop loop;
  SocketPair first;
  SocketPair second;
  int of_the_next = 0;
  int calls = 0;
  // Both are ready in one turn; whoever is called first puts a quiet descriptor in the other's
  // place.
  const auto replace = [&](const SocketPair& other) {
    return [&, number = other.left.number()](Readiness) {
      if (++calls > 1) return;
      loop.forget(first.left.number());
      loop.forget(second.left.number());
      const SocketPair quiet;
      REQUIRE(dup2(quiet.left.number(), number) == number);
      loop.watch(number, {.readable = true}, [&](Readiness) { ++of_the_next; });
      loop.call_at(loop.now() + 10ms, [&loop, number] { loop.forget(number); });
    };
  };
  loop.watch(first.left.number(), {.readable = true}, replace(second));
  loop.watch(second.left.number(), {.readable = true}, replace(first));
  REQUIRE(write(first.right.number(), "x", 1) == 1);
  REQUIRE(write(second.right.number(), "x", 1) == 1);
  // One turn: the stale event is in it. What comes later is the new descriptor's own hang-up.
  loop.run_until([&] { return calls > 0; }, loop.now() + test_patience);
  CHECK(calls == 1);
  CHECK(of_the_next == 0);
}

TEST_CASE("a signal is an event of the loop") {
  Loop loop;
  int heard = 0;
  loop.on_signal(SIGUSR1, [&] { ++heard; });
  loop.on_signal(SIGUSR2, [&] { heard += 10; });
  REQUIRE(kill(getpid(), SIGUSR2) == 0);
  REQUIRE(kill(getpid(), SIGUSR1) == 0);
  CHECK(loop.run_until([&] { return heard == 11; }, loop.now() + test_patience));
}

TEST_CASE("a worker's results come back in order, on the loop's thread") {
  Loop loop;
  std::vector<int> results;
  const auto here = std::this_thread::get_id();
  Worker worker(loop, Worker::AtEnd::finish);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(worker.submit<int>([i] { return i; },
                               [&, here](int value) {
                                 CHECK(std::this_thread::get_id() == here);
                                 results.push_back(value);
                               }));
  }
  REQUIRE(loop.run_until([&] { return results.size() == 100; }, loop.now() + test_patience));
  CHECK(std::is_sorted(results.begin(), results.end()));
}

TEST_CASE("a worker refuses more jobs than its limit") {
  Loop loop;
  std::mutex gate;
  gate.lock();
  {
    Worker worker(loop, Worker::AtEnd::finish);
    std::size_t taken = 0;
    bool refused = false;
    // One job is held in the thread's hands, the rest waits.
    while (!refused && taken <= worker_jobs_max + 1) {
      refused = !worker.submit<int>(
          [&] {
            const std::scoped_lock lock(gate);
            return 0;
          },
          [](int) {});
      if (!refused) ++taken;
    }
    CHECK(refused);
    CHECK(taken >= worker_jobs_max);
    gate.unlock();
  }
}

TEST_CASE("a worker that abandons does not wait for a job that hangs") {
  Loop loop;
  const auto gate = std::make_shared<std::mutex>();
  gate->lock();
  {
    Worker worker(loop, Worker::AtEnd::abandon);
    REQUIRE(worker.submit<int>(
        [gate] {
          const std::scoped_lock lock(*gate);
          return 0;
        },
        [](int) {}));
  }
  gate->unlock();
}

}  // namespace
}  // namespace mainstay::adapters
