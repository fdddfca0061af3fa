// What `mainstay arbiter show` makes of the records that the core has written.
#include <doctest/doctest.h>

#include "apps/run_arbiter.h"
#include "cluster/arbitration/session_record.h"
#include "mirror/record.h"

using namespace mainstay;
using namespace mainstay::apps;
using arbitration::OwnerRecord;
using arbitration::SessionRecord;
using arbitration::SessionStanding;

TEST_CASE("sessions and owners are decoded; what cannot be is named, not hidden") {
  const SessionRecord active{
      .standing = SessionStanding::active, .incarnation = 5, .lease = 900ms, .beat = {1, 2, 3}};
  const SessionRecord revoked{.standing = SessionStanding::revoked,
                              .incarnation = 4,
                              .lease = 900ms,
                              .revoked_by = NodeName("a")};
  const std::vector<ArbiterEntry> entries = {
      {"group/web", {1, encode(OwnerRecord{NodeName("a"), 7})}},
      {"node/a", {2, encode(active)}},
      {"node/b", {3, encode(revoked)}},
      {"node/c", {4, {9, 9}}},
      {"mirror/data", {5, encode(mirror::only(1, 7))}},
      {"mirror/torn", {6, {1}}},
      {"song/data", {7, {1}}}};
  const auto report = report_of({.name = "a store", .state = "UP", .ready = true}, entries);
  CHECK(report.name == "a store");
  REQUIRE(report.sessions.size() == 2);
  CHECK(report.sessions[0].standing == "active");
  CHECK(report.sessions[0].incarnation == 5);
  CHECK(report.sessions[0].lease == 900ms);
  CHECK(report.sessions[1].standing == "revoked");
  CHECK(report.sessions[1].revoked_by == "a");
  REQUIRE(report.groups.size() == 1);
  CHECK(report.groups[0].owner == "a");
  CHECK(report.groups[0].term == 7);
  REQUIRE(report.mirrors.size() == 1);
  CHECK(report.mirrors[0].mirror == "data");
  CHECK_FALSE(report.mirrors[0].first);
  CHECK(report.mirrors[0].second);
  CHECK(report.mirrors[0].term == 7);
  REQUIRE(report.oddities.size() == 3);
  CHECK(report.oddities[1].key == "mirror/torn");
  CHECK(report.oddities[0].key == "node/c");
  CHECK(report.oddities[0].trouble == "the session record is of another version");
  CHECK(report.oddities[2].trouble == "this release knows no such record");
}

TEST_CASE("without an arbiter there is nothing to show or to create, and the remedy is said") {
  const ClusterConfig config;
  const auto shown = show_arbiter(config, 1s);
  CHECK(shown.error().code == Code::invalid);
  CHECK(shown.error().message.starts_with("no arbiter is configured: say arbiter = "));
  CHECK(create_arbiter(config, 1s, [](const auto&) {}).error() == shown.error());
}
