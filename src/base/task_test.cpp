#include "base/task.h"

#include <doctest/doctest.h>

#include <string>

namespace mainstay {
namespace {

Task<int> twice(Completion<int> completion) {
  const int value = co_await completion;
  co_return value * 2;
}

Task<int> nested(Completion<int> completion) { co_return co_await twice(completion) + 1; }

TEST_CASE("a task waits for its completion and is resumed inside set") {
  Completion<int> completion;
  auto task = nested(completion);
  task.start();
  CHECK_FALSE(task.done());
  CHECK(completion.set(20));
  CHECK(task.done());
  CHECK(task.take() == 41);
}

TEST_CASE("only the first value of a completion counts") {
  Completion<std::string> completion;
  CHECK(completion.set("first"));
  CHECK_FALSE(completion.set("second"));
}

TEST_CASE("when_all gives the results in the order of the tasks, not of their ends") {
  Completion<int> first;
  Completion<int> second;
  std::vector<Task<int>> tasks;
  tasks.push_back(twice(first));
  tasks.push_back(twice(second));
  auto all = when_all(std::move(tasks));
  all.start();
  second.set(2);
  CHECK_FALSE(all.done());
  first.set(1);
  REQUIRE(all.done());
  CHECK(all.take() == std::vector<int>{2, 4});
}

TEST_CASE("when_all of nothing is done at once") {
  auto all = when_all(std::vector<Task<int>>{});
  all.start();
  CHECK(all.done());
}

TEST_CASE("a task that is dropped while it waits leaves its completion harmless") {
  Completion<int> completion;
  {
    auto task = nested(completion);
    task.start();
  }
  CHECK(completion.set(1));
}

}  // namespace
}  // namespace mainstay
