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

// Two nodes whose messages arrive at once, unless they are cut.
struct Pair {
  FakeClock clock;
  bool cut = false;
  std::function<void(Bytes)> late;  // an answer that b keeps for later
  bool keep = false;
  std::vector<std::string> answers;
  Remote a{clock,
           [this](const NodeName&, ByteView message) {
             if (!cut) b.received(NodeName("a"), message);
           },
           [](const NodeName&, const Bytes&, const auto&) {}};
  Remote b{clock,
           [this](const NodeName&, ByteView message) {
             if (!cut) a.received(NodeName("b"), message);
           },
           [this](const NodeName& from, const Bytes& question, auto answer) {
             if (keep) {
               late = std::move(answer);
               return;
             }
             const auto text = from.value + " asked " + std::string(as_text(question));
             const auto bytes = as_bytes(text);
             answer(Bytes(bytes.begin(), bytes.end()));
           }};

  void ask(const char* text) {
    a.ask(NodeName("b"), as_bytes(text), clock.now() + 2s, [this](Result<Bytes> answer) {
      answers.push_back(answer ? std::string(as_text(*answer)) : answer.error().message);
    });
  }
};

}  // namespace

TEST_CASE("a question is answered, once, and its timer is gone") {
  Pair pair;
  pair.ask("who are you");
  CHECK(pair.answers == std::vector<std::string>{"a asked who are you"});
  CHECK(pair.clock.timers.empty());
  CHECK(pair.b.unanswered() == 0);
}

TEST_CASE("a question without an answer ends at its deadline, and a late answer is ignored") {
  Pair pair;
  pair.keep = true;
  pair.ask("are you there");
  CHECK(pair.b.unanswered() == 1);
  pair.clock.advance(1999ms);
  CHECK(pair.answers.empty());
  pair.clock.advance(1ms);
  CHECK(pair.answers == std::vector<std::string>{"b did not answer in time"});
  pair.late({1, 2, 3});
  CHECK(pair.answers.size() == 1);
}

TEST_CASE("only so many questions are open at once") {
  Pair pair;
  pair.cut = true;
  for (std::size_t i = 0; i < questions_max; ++i) pair.ask("?");
  CHECK(pair.answers.empty());
  pair.ask("one more");
  REQUIRE(pair.answers.size() == 1);
  CHECK(pair.answers[0].find("try again later") != std::string::npos);
}

TEST_CASE("nonsense, and answers nobody asked for, are dropped") {
  Pair pair;
  pair.keep = true;
  pair.ask("?");
  pair.b.received(NodeName("a"), {});
  pair.b.received(NodeName("a"), Bytes{9, 9});
  pair.b.received(NodeName("a"), Bytes{0, 0, 0});
  CHECK(pair.b.unanswered() == 1);
  const Bytes answer{1, 1, 0, 0, 0, 0, 0, 0, 0, 'x'};
  pair.a.received(NodeName("c"), answer);  // another node's
  CHECK(pair.answers.empty());
  pair.a.received(NodeName("b"), answer);
  pair.a.received(NodeName("b"), answer);  // repeated
  CHECK(pair.answers == std::vector<std::string>{"x"});
}

TEST_CASE("an answer given after the end is dropped") {
  FakeClock clock;
  Remote::Answer late;
  int sent = 0;
  {
    Remote remote(
        clock, [&sent](const NodeName&, ByteView) { ++sent; },
        [&late](const NodeName&, const Bytes&, Remote::Answer answer) { late = answer; });
    remote.received(NodeName("a"), Bytes{0, 7, 0, 0, 0, 0, 0, 0, 0, 'x'});
  }
  REQUIRE(late);
  late({1});
  CHECK(sent == 0);
}
