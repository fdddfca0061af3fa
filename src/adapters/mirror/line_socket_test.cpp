// Lines over a pair of connected sockets.
#include "adapters/mirror/line_socket.h"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include "adapters/linux/test_support.h"
#include "adapters/mirror/protocol.h"

namespace mainstay::adapters {
namespace {

struct Pair {
  Loop loop;
  std::vector<std::string> lines;
  std::string ended;
  std::unique_ptr<LineSocket> here;
  Fd there;

  Pair() {
    int fds[2];
    MAINSTAY_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    there = Fd(fds[1]);
    here = std::make_unique<LineSocket>(
        loop, Fd(fds[0]),
        LineSocket::Handler{.on_line = [this](std::string_view line) { lines.emplace_back(line); },
                            .on_end = [this](const std::string& why) { ended = why; }});
  }
  void write(std::string_view text) const {
    MAINSTAY_CHECK(send(there.number(), text.data(), text.size(), 0) ==
                   static_cast<ssize_t>(text.size()));
  }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(condition, loop.now() + test_patience);
  }
};

TEST_CASE("lines come whole, however they were cut, and what follows the last one is kept") {
  Pair pair;
  pair.write("one\ntw");
  CHECK(pair.until([&] { return pair.lines.size() == 1; }));
  pair.write("o\n\nthree");
  CHECK(pair.until([&] { return pair.lines.size() == 3; }));
  CHECK(pair.lines == std::vector<std::string>{"one", "two", ""});
  pair.there.reset();
  CHECK(pair.until([&] { return !pair.ended.empty(); }));
  CHECK(pair.lines.size() == 3);
}

TEST_CASE("a line without an end ends the connection") {
  Pair pair;
  const std::string part(8192, 'x');
  for (std::size_t sent = 0; sent <= mirror_line_max; sent += part.size()) {
    pair.write(part);
    pair.loop.run_until([] { return false; }, pair.loop.now() + 1ms);
  }
  CHECK(pair.until([&] { return pair.ended == "a line is too long"; }));
  CHECK(pair.lines.empty());
}

TEST_CASE("a peer that does not read is given up") {
  Pair pair;
  const std::string line(60'000, 'x');
  for (int i = 0; i < 100 && pair.ended.empty(); ++i) pair.here->send(line);
  CHECK(pair.ended == "the other side does not read");
}

TEST_CASE("whoever hears a line may let the connection go") {
  Pair pair;
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  const Fd other(fds[1]);
  std::unique_ptr<LineSocket> socket;
  int heard = 0;
  socket = std::make_unique<LineSocket>(pair.loop, Fd(fds[0]),
                                        LineSocket::Handler{.on_line =
                                                                [&](std::string_view) {
                                                                  ++heard;
                                                                  socket.reset();
                                                                },
                                                            .on_end = nullptr});
  REQUIRE(send(other.number(), "a\nb\n", 4, 0) == 4);
  CHECK(pair.until([&] { return heard == 1; }));
  CHECK(socket == nullptr);
}

}  // namespace
}  // namespace mainstay::adapters
