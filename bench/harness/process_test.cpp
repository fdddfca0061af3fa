#include "harness/process.h"

#include <doctest/doctest.h>

using namespace mainstay;
using namespace mainstay::bench;

TEST_CASE("a program's output and exit code are told apart") {
  const auto finished = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  REQUIRE(finished);
  CHECK(finished->exit_code == 3);
  CHECK(finished->out == "out\n");
  CHECK(finished->err == "err\n");
}

TEST_CASE("the environment is ours with additions") {
  const auto out = output_of(
      {.argv = {"sh", "-c", "echo $MAINSTAY_SAMPLE"}, .environment = {{"MAINSTAY_SAMPLE", "x"}}});
  REQUIRE(out);
  CHECK(*out == "x\n");
}

TEST_CASE("a bad exit code is an error that names the command and shows its words") {
  const auto out = output_of({.argv = {"sh", "-c", "echo because >&2; exit 2"}});
  REQUIRE_FALSE(out);
  CHECK(out.error().message.find("exit code 2") != std::string::npos);
  CHECK(out.error().message.find("because") != std::string::npos);
}

TEST_CASE("a program that does not exist cannot be started") {
  CHECK_FALSE(run({.argv = {"mainstay-no-such-program"}}));
}

TEST_CASE("a program that takes too long is killed") {
  const auto finished = run({.argv = {"sleep", "60"}, .patience = 100ms});
  REQUIRE_FALSE(finished);
  CHECK(finished.error().code == Code::timed_out);
}

TEST_CASE("a program in the background runs until it is ended") {
  auto background = Background::start({.argv = {"sleep", "60"}}, "/dev/null");
  REQUIRE(background);
  CHECK(background->running());
  CHECK(background->end() == 128 + 15);
  CHECK_FALSE(background->running());
}

TEST_CASE("a command's name is its first line, and not without end") {
  CHECK(to_text({.argv = {"/usr/bin/mainstay", "status"}}) == "mainstay status");
  CHECK(to_text({.argv = {"sh", "-c", "first\nsecond"}}) == "sh -c first ...");
  CHECK(to_text({.argv = {"sh", std::string(500, 'x')}}).size() < 200);
}
