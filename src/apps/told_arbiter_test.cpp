#include "apps/told_arbiter.h"

#include <doctest/doctest.h>

#include <deque>
#include <utility>
#include <vector>

using namespace mainstay;
using namespace mainstay::apps;

namespace {

// Answers by script; "" is a success.
struct ScriptedArbiter final : Arbiter {
  struct Step {
    Code code;
    std::string message;
  };
  std::deque<Step> script;

  std::optional<Error> next() {
    const Step step = script.front();
    script.pop_front();
    return step.message.empty() ? std::nullopt : std::optional(Error{step.code, step.message});
  }
  Task<Result<ArbiterRecord>> read(std::string, Call) override {
    if (auto error = next()) co_return std::unexpected(*error);
    co_return ArbiterRecord{7, {1}};
  }
  Task<Result<RecordVersion>> swap(std::string, RecordVersion, Bytes, Call) override {
    if (auto error = next()) co_return std::unexpected(*error);
    co_return RecordVersion{8};
  }
};

struct Bench {
  using Said = std::vector<std::pair<Severity, std::string>>;
  Said said;
  std::unique_ptr<ScriptedArbiter> owned = std::make_unique<ScriptedArbiter>();
  ScriptedArbiter& inner = *owned;
  ToldArbiter arbiter{std::move(owned), [this](Severity severity, const std::string& text) {
                        said.emplace_back(severity, text);
                      }};

  Result<ArbiterRecord> read() {
    auto task = arbiter.read("node/a", {});
    task.start();
    return task.take();
  }
  Result<RecordVersion> swap() {
    auto task = arbiter.swap("node/a", 7, {}, {});
    task.start();
    return task.take();
  }
};

}  // namespace

TEST_CASE("what the arbiter answers is passed on, and nothing is said of it") {
  Bench bench;
  bench.inner.script = {{Code::invalid, ""}, {Code::invalid, ""}, {Code::conflict, "changed"}};
  CHECK(*bench.read() == ArbiterRecord{7, {1}});
  CHECK(*bench.swap() == 8);
  CHECK(bench.swap().error() == Error{Code::conflict, "changed"});
  CHECK(bench.said.empty());
}

TEST_CASE("a trouble is told when it begins, when it becomes another, and when it ends") {
  Bench bench;
  bench.inner.script = {{Code::timed_out, "no answer"},  {Code::outcome_unknown, "no answer, too"},
                        {Code::unavailable, "refused"},  {Code::denied, "no permission"},
                        {Code::denied, "no permission"}, {Code::cancelled, "called off"},
                        {Code::conflict, "changed"},     {Code::invalid, ""}};
  CHECK(bench.read().error() == Error{Code::timed_out, "no answer"});
  CHECK(bench.swap().error() == Error{Code::outcome_unknown, "no answer, too"});
  for (int i = 0; i < 5; ++i) CHECK_FALSE(bench.swap());
  CHECK(bench.read());
  CHECK(bench.said == Bench::Said{{Severity::warning, "the arbiter: no answer"},
                                  {Severity::warning, "the arbiter: no permission"},
                                  {Severity::information, "the arbiter answers"}});
}
