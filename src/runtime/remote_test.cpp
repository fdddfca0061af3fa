#include "runtime/remote.h"

#include <doctest/doctest.h>

using namespace mainstay;

namespace {

class FakeClock final : public Clock {
 public:
  Instant time{};
  std::map<TimerId, std::pair<Instant, std::function<void()>>> timers;
  TimerId last = 0;

  Instant now() const override { return time; }
  WallTime wall() const override { return {}; }
  TimerId call_at(Instant when, std::function<void()> action) override {
    timers[++last] = {when, std::move(action)};
    return last;
  }
  void cancel(TimerId timer) override { timers.erase(timer); }
  void advance(Duration by) {
    time += by;
    for (auto it = timers.begin(); it != timers.end();) {
      if (it->second.first > time) {
        ++it;
        continue;
      }
      const auto action = it->second.second;
      timers.erase(it);
      action();
      it = timers.begin();
    }
  }
};

// Delivers at once, unless it is cut.
class Wire final : public Network {
 public:
  NodeName self;
  Wire* other = nullptr;
  bool cut = false;
  Handler handler;

  explicit Wire(const char* name) : self(name) {}
  void listen(Handler given) override { handler = std::move(given); }
  void send_datagram(const NodeName&, PathIndex path, ByteView payload) override {
    other->handler.on_datagram(self, path, payload);
  }
  void send_message(const NodeName&, ByteView message) override {
    if (!cut) other->handler.on_message(self, message);
  }
};

struct Pair {
  FakeClock clock;
  Wire wire_a{"a"}, wire_b{"b"};
  Remote a{wire_a, clock}, b{wire_b, clock};
  std::vector<std::string> driver_heard;  // by b
  std::vector<std::string> answers;

  Pair() {
    wire_a.other = &wire_b;
    wire_b.other = &wire_a;
    a.listen({[](const NodeName&, PathIndex, ByteView) {}, [](const NodeName&, ByteView) {}});
    b.listen({[this](const NodeName&, PathIndex, ByteView payload) {
                driver_heard.push_back("datagram " + std::string(as_text(payload)));
              },
              [this](const NodeName& from, ByteView message) {
                driver_heard.push_back(from.value + " " + std::string(as_text(message)));
              }});
    b.on_question([](const NodeName& from, Bytes question, const auto& answer) {
      const auto text = from.value + " asked " + std::string(as_text(question));
      const auto bytes = as_bytes(text);
      answer(Bytes(bytes.begin(), bytes.end()));
    });
  }
  void ask(const char* text) {
    a.ask(NodeName("b"), as_bytes(text), clock.now() + 2s, [this](Result<Bytes> answer) {
      answers.push_back(answer ? std::string(as_text(*answer)) : answer.error().message);
    });
  }
};

}  // namespace

TEST_CASE("the driver's own messages and datagrams pass through") {
  Pair pair;
  pair.a.send_message(NodeName("b"), as_bytes("the document"));
  pair.a.send_datagram(NodeName("b"), 1, as_bytes("beat"));
  CHECK(pair.driver_heard == std::vector<std::string>{"a the document", "datagram beat"});
}

TEST_CASE("a question is answered, once, and its timer is gone") {
  Pair pair;
  pair.ask("who are you");
  CHECK(pair.answers == std::vector<std::string>{"a asked who are you"});
  CHECK(pair.clock.timers.empty());
  CHECK(pair.driver_heard.empty());
}

TEST_CASE("a question without an answer ends at its deadline, and a late answer is ignored") {
  Pair pair;
  std::function<void(Bytes)> late;
  pair.b.on_question([&](const NodeName&, const Bytes&, auto answer) { late = answer; });
  pair.ask("are you there");
  pair.clock.advance(1999ms);
  CHECK(pair.answers.empty());
  pair.clock.advance(1ms);
  CHECK(pair.answers == std::vector<std::string>{"b did not answer"});
  late({1, 2, 3});
  CHECK(pair.answers.size() == 1);
}

TEST_CASE("only so many questions are open at once") {
  Pair pair;
  pair.wire_a.cut = true;
  for (std::size_t i = 0; i < questions_max; ++i) pair.ask("?");
  CHECK(pair.answers.empty());
  pair.ask("one more");
  REQUIRE(pair.answers.size() == 1);
  CHECK(pair.answers[0].find("try again later") != std::string::npos);
}

TEST_CASE("nonsense and answers nobody asked for are dropped") {
  Pair pair;
  pair.wire_a.send_message(NodeName("b"), {});
  pair.wire_a.send_message(NodeName("b"), Bytes{9, 9});
  pair.wire_a.send_message(NodeName("b"), Bytes{1, 0, 0});
  pair.wire_a.send_message(NodeName("b"), Bytes{2, 7, 0, 0, 0, 0, 0, 0, 0, 'x'});
  CHECK(pair.driver_heard.empty());
  CHECK(pair.answers.empty());
}

TEST_CASE("an answer given after the end is dropped") {
  FakeClock clock;
  Wire wire("b"), peer("a");
  wire.other = &peer;
  std::function<void(Bytes)> late;
  {
    Remote remote(wire, clock);
    remote.listen({});
    remote.on_question([&](const NodeName&, const Bytes&, auto answer) { late = answer; });
    wire.handler.on_message(NodeName("a"), Bytes{1, 7, 0, 0, 0, 0, 0, 0, 0, 'x'});
  }
  REQUIRE(late);
  late({1});  // must not touch what is gone
}
