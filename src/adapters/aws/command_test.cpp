#include "adapters/aws/command.h"

#include <doctest/doctest.h>

#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"

namespace mainstay::aws {
namespace {

Result<std::string> printed(const std::string& command, Duration limit = 20s) {
  PollLoop loop;
  const Call call{loop.now() + limit, {}};
  return run(loop, run_command(loop, loop, command, call));
}

TEST_CASE("a command falls into words as a shell would have it, and no further") {
  using Words = std::vector<std::string>;
  CHECK(split_command("a  b\tc").value() == Words{"a", "b", "c"});
  CHECK(split_command(R"(a 'b  c' "d 'e'" f\ g "h\"i" '' 'j\k')").value() ==
        Words{"a", "b  c", "d 'e'", "f g", "h\"i", "", "j\\k"});
  CHECK(split_command("a$HOME;b").value() == Words{"a$HOME;b"});
  CHECK(split_command("a 'b").error().code == Code::invalid);
  CHECK(split_command("  ").error().code == Code::invalid);
}

TEST_CASE("what a program prints is given, and its standard error is not") {
  CHECK(printed("/bin/sh -c 'echo out; echo err >&2'").value() == "out\n");
  CHECK(printed("/bin/true").value().empty());
}

TEST_CASE("a program that fails, or is not there, says how") {
  CHECK(printed("/bin/sh -c 'echo hush; exit 3'").error() ==
        Error{Code::invalid, "it ended with code 3"});
  CHECK(printed("/bin/sh -c 'kill -9 $$'").error() == Error{Code::invalid, "signal 9 ended it"});
  CHECK(printed("/no/such/program").error().code == Code::not_found);
}

TEST_CASE("the end of the program counts, not that of what it leaves behind") {
  CHECK(printed("/bin/sh -c 'sleep 1 & echo done'").value() == "done\n");
}

TEST_CASE("a program that prints without end is killed") {
  const auto result =
      printed("/bin/sh -c 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'");
  CHECK(result.error().code == Code::invalid);
  CHECK(result.error().message.find("65536") != std::string::npos);
}

TEST_CASE("a program that does not end is killed at the deadline, or when it is called off") {
  CHECK(printed("/bin/sh -c 'sleep 100'", 30ms).error().code == Code::timed_out);
  PollLoop loop;
  const Call call{loop.now() + 20s, {}};
  loop.call_at(loop.now() + 10ms, [&] { call.cancellation.request(); });
  CHECK(run(loop, run_command(loop, loop, "/bin/sleep 100", call)).error().code == Code::cancelled);
}

}  // namespace
}  // namespace mainstay::aws
