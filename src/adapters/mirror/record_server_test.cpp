// The arbiter's record, served to an engine over a real socket.
#include "adapters/mirror/record_server.h"

#include <doctest/doctest.h>

#include <map>

#include <nlohmann/json.hpp>

#include "adapters/linux/test_support.h"
#include "adapters/mirror/fake_engine.h"
#include "adapters/mirror/protocol.h"

namespace mainstay::adapters {
namespace {

// Answers when it is told to.
class SlowArbiter : public Arbiter {
 public:
  std::map<std::string, ArbiterRecord> records;
  std::optional<Error> trouble;
  bool holds = false;
  std::vector<Completion<bool>> held;

  Task<Result<ArbiterRecord>> read(std::string key, Call) override {
    co_await turn();
    if (trouble) co_return std::unexpected(*trouble);
    co_return records[key];
  }
  Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                   Call) override {
    co_await turn();
    if (trouble) co_return std::unexpected(*trouble);
    ArbiterRecord& record = records[key];
    if (record.version != expected) co_return failure(Code::conflict, "changed meanwhile");
    record = {.version = expected + 0xf000000000000001, .value = std::move(value)};
    co_return record.version;
  }

 private:
  Task<void> turn() {
    if (!holds) co_return;
    const Completion<bool> go;
    held.push_back(go);
    co_await go;
  }
};

struct World {
  TemporaryDirectory directory;
  Loop loop;
  SlowArbiter arbiter;
  std::string path = directory.path().string() + "/md1.sock";
  std::unique_ptr<FakeEngine> engine = std::make_unique<FakeEngine>(loop, path);
  std::unique_ptr<RecordServer> server;
  int ended = 0;

  World() { connect(); }
  void connect() {
    auto made = RecordServer::connect(loop, arbiter, path, "mirror/md1", [this] { ++ended; });
    REQUIRE(made.has_value());
    server = std::move(*made);
    REQUIRE(until([this] { return engine->record_served(); }));
  }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(condition, loop.now() + test_patience);
  }
  nlohmann::json ask(const nlohmann::json& question) {
    engine->ask_record(question.dump());
    const std::size_t count = engine->answers.size() + 1;
    REQUIRE(until([&] { return engine->answers.size() == count; }));
    return nlohmann::json::parse(engine->answers.back());
  }
};

TEST_CASE("a record that is not there has version 0, and can be made once") {
  World world;
  using Json = nlohmann::json;
  CHECK(world.ask({{"ask", 5}, {"record", "read"}}) ==
        Json{{"answer", 5}, {"ok", true}, {"version", 0}, {"value", ""}});
  const Json swap{{"ask", 6}, {"record", "swap"}, {"expected", 0}, {"value", "aGVsbG8="}};
  const std::uint64_t version = 0xf000000000000001;
  CHECK(world.ask(swap) == Json{{"answer", 6}, {"outcome", "done"}, {"version", version}});
  CHECK(as_text(world.arbiter.records.at("mirror/md1").value) == "hello");
  CHECK(world.ask(swap).at("outcome") == "lost");
  CHECK(world.ask({{"ask", 7}, {"record", "read"}}) ==
        Json{{"answer", 7}, {"ok", true}, {"version", version}, {"value", "aGVsbG8="}});
}

TEST_CASE("an arbiter in trouble is no record, and a swap of which nobody knows") {
  World world;
  world.arbiter.trouble = Error{Code::outcome_unknown, "no answer"};
  CHECK(world.ask({{"ask", 1}, {"record", "read"}}).at("ok") == false);
  const nlohmann::json swap{{"ask", 2}, {"record", "swap"}, {"expected", 0}, {"value", ""}};
  CHECK(world.ask(swap).at("outcome") == "unknown");
}

TEST_CASE("an answer never reaches an engine that did not ask") {
  World world;
  world.arbiter.holds = true;
  world.engine->ask_record(R"({"ask":5,"record":"read"})");
  REQUIRE(world.until([&] { return world.arbiter.held.size() == 1; }));
  world.engine.reset();
  REQUIRE(world.until([&] { return world.ended == 1; }));
  world.engine = std::make_unique<FakeEngine>(world.loop, world.path);
  world.connect();
  world.arbiter.held.front().set(true);
  world.arbiter.holds = false;
  CHECK(world.ask({{"ask", 6}, {"record", "read"}}).at("answer") == 6);
  CHECK(world.engine->answers.size() == 1);
}

TEST_CASE("what is no question is not answered") {
  for (const char* line :
       {"", "{}", R"({"ask":-1,"record":"read"})", R"({"ask":1,"record":"write"})",
        R"({"ask":1,"record":"swap","value":"aGVsbG8="})",
        R"({"ask":1,"record":"swap","expected":1,"value":"?"})", R"({"id":1,"ok":true})"}) {
    CAPTURE(line);
    CHECK_FALSE(record_question_from(line).has_value());
  }
}

TEST_CASE("where nobody listens, nobody is served") {
  Loop loop;
  SlowArbiter arbiter;
  const auto none = RecordServer::connect(loop, arbiter, "/nowhere/md1.sock", "k", [] {});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == Code::unavailable);
}

}  // namespace
}  // namespace mainstay::adapters
