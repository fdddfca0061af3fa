#include "adapters/aws/notices.h"

#include <doctest/doctest.h>

#include "adapters/aws/role_document.h"
#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

using Notices = std::vector<AwsNotice>;

TEST_CASE("an interruption is told with its time") {
  const Notices wanted = {
      {NoticeKind::spot_interruption, "terminate", parse_timestamp("2026-09-18T08:22:00Z")}};
  CHECK(
      parse_instance_action(R"({"action": "terminate", "time": "2026-09-18T08:22:00Z"})").value() ==
      wanted);
  REQUIRE(wanted[0].at.has_value());
  CHECK_FALSE(parse_instance_action("{}").has_value());
  CHECK_FALSE(parse_instance_action("<html>").has_value());
}

TEST_CASE("of scheduled events those count that are still to come") {
  const auto notices = parse_maintenance(
      R"([{"NotBefore":"1 Jan 2026 09:00:43 GMT","Code":"system-reboot","Description":"scheduled)"
      R"( reboot","EventId":"instance-event-1","NotAfter":"1 Jan 2026 09:17:23 GMT",)"
      R"("State":"active"},{"NotBefore":"21 Jan 2026 09:00:43 GMT","Code":"instance-stop",)"
      R"("Description":"[Completed] x","State":"completed"}])");
  CHECK(notices.value() == Notices{{NoticeKind::maintenance, "system-reboot: scheduled reboot",
                                    parse_timestamp("2026-01-01T09:00:43Z")}});
  CHECK(parse_maintenance("[]").value().empty());
  // A time that cannot be read is no reason to miss the event.
  const auto odd = parse_maintenance(
      R"([{"NotBefore":"soon","Code":"instance-stop","Description":"d","State":"active"}])");
  REQUIRE(odd.value().size() == 1);
  CHECK_FALSE(odd.value()[0].at.has_value());
  for (const char* broken : {"", "{}", "[1]", "[{\"State\":"}) {
    CHECK_FALSE(parse_maintenance(broken).has_value());
  }
}

TEST_CASE("Auto Scaling's states that end an instance") {
  CHECK(parse_lifecycle("InService").empty());
  CHECK(parse_lifecycle("Standby").empty());
  CHECK(parse_lifecycle("Detached").empty());
  CHECK(parse_lifecycle("Terminated").size() == 1);
  CHECK(parse_lifecycle("Warmed:Stopped").size() == 1);
}

TEST_CASE("nothing announced is four times nothing there; silence is no such answer") {
  ManualClock clock;
  ScriptedHttp http{clock};
  Metadata metadata{clock, http.sender(), "http://169.254.169.254"};
  const auto ask = [&] {
    const Call call{clock.now() + 10s, {}};
    return run(clock, read_notices(metadata, call));
  };
  http.answers(200, "token");
  for (int i = 0; i < 4; ++i) http.answers(404, "");
  CHECK(ask().value().empty());

  http.answers(404, "");
  http.answers(200, R"({"noticeTime":"2026-10-26T08:17:23Z"})");
  http.answers(200, "[]");
  http.answers(200, "Terminated");
  CHECK(ask().value().size() == 2);

  http.answers(404, "");
  for (int i = 0; i < 3; ++i) http.is_silent();
  const auto silent = ask();
  REQUIRE_FALSE(silent.has_value());
  CHECK(silent.error().code == Code::timed_out);
}

}  // namespace
}  // namespace mainstay::aws
