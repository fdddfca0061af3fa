// Route 53's questions and answers by the AWS CLI are those of its API.
#include "adapters/aws/cli_route53.h"

#include <doctest/doctest.h>

#include "adapters/aws/cli_words.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/route53.h"
#include "adapters/aws/route53_reply.h"
#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

// What the port's verbs ask, instead of being asked of anybody.
struct World {
  ManualClock clock;
  std::vector<Question> asked;
  std::string printed;
  Client client{{.clock = clock,
                 .http = {},
                 .identity = {},
                 .endpoint = {},
                 .parse_fault = &parse_fault,
                 .random = Random(1),
                 .retry = {},
                 .connect_limit = 3s,
                 .exchange = [this](Question question, Call) { return answer(question); }}};
  Route53 route53{client};

  Task<HttpResult> answer(Question question) {
    asked.push_back(question);
    HttpResponse response;
    response.status = 200;
    response.body = route53_reply(question, printed).value();
    co_return response;
  }
  Call within() { return {clock.now() + 10s, {}}; }
  std::string input() const {
    const auto words = cli_words(asked.back()).value();
    CHECK(words[0] == "route53");
    CHECK(words[2] == "--cli-input-json");
    return words[1] + " " + words[3];
  }
};

TEST_CASE("a hosted zone, private or public") {
  World world;
  world.printed = R"({"HostedZone":{"Id":"/hostedzone/Z1","Name":"hz1.local.","Config":
    {"PrivateZone":true},"ResourceRecordSetCount":3},"VPCs":[{"VPCRegion":"r","VPCId":"vpc-1"}]})";
  CHECK(run(world.clock, world.route53.hosted_zone("Z1", world.within())).value() ==
        AwsHostedZone{"Z1", "hz1.local.", true, {}, {"vpc-1"}});
  CHECK(world.input() == R"(get-hosted-zone {"Id":"Z1"})");
  world.printed = R"({"HostedZone":{"Id":"/hostedzone/Z2","Name":"example.com."},
    "DelegationSet":{"NameServers":["ns-1.example","ns-2.example"]}})";
  CHECK(run(world.clock, world.route53.hosted_zone("Z2", world.within())).value() ==
        AwsHostedZone{"Z2", "example.com.", false, {"ns-1.example", "ns-2.example"}, {}});
}

TEST_CASE("a record set is asked for by name and type, and read with its TTL") {
  World world;
  world.printed = R"({"ResourceRecordSets":[{"Name":"service.hz1.local.","Type":"A","TTL":5,
    "ResourceRecords":[{"Value":"10.0.1.10"}]}],"IsTruncated":false,"MaxItems":"1"})";
  const auto record = run(
      world.clock, world.route53.record("Z1", "service.hz1.local.", RecordType::a, world.within()));
  const AwsRecord expected{"Z1", "service.hz1.local.", RecordType::a, {"10.0.1.10"}, 5s};
  CHECK(record.value() == expected);
  CHECK(world.input() ==
        R"(list-resource-record-sets {"HostedZoneId":"Z1","StartRecordName":"service.hz1.local.",)"
        R"("StartRecordType":"A","MaxItems":"1"})");
}

TEST_CASE("a change is told whole, and its state is read") {
  World world;
  world.printed = R"({"ChangeInfo":{"Id":"/change/C1","Status":"PENDING",
    "SubmittedAt":"2026-01-01T00:00:00Z"}})";
  AwsRecord record{"Z1", "a&b.hz1.local.", RecordType::aaaa, {"fd00::1"}, 60s};
  const auto change =
      run(world.clock, world.route53.change_record(RecordChange::upsert, record, world.within()));
  CHECK(change.value() == "C1");
  CHECK(world.input() ==
        R"(change-resource-record-sets {"HostedZoneId":"Z1","ChangeBatch":{"Changes":[{"Action":)"
        R"("UPSERT","ResourceRecordSet":{"Name":"a&b.hz1.local.","Type":"AAAA","TTL":60,)"
        R"("ResourceRecords":[{"Value":"fd00::1"}]}}]}})");
  CHECK_FALSE(run(world.clock, world.route53.change_in_sync("C1", world.within())).value());
  CHECK(world.input() == R"(get-change {"Id":"C1"})");
}

TEST_CASE("what is no answer, and what is not asked, is told") {
  const Question zone{.service = "route53", .action = "GetHostedZone"};
  CHECK(route53_reply(zone, "hello").error().code == Code::corrupt);
  CHECK(route53_reply(zone, "[1]").error().code == Code::corrupt);
  const Question strange{.service = "route53", .action = "DeleteHostedZone"};
  CHECK(cli_words(strange).error().code == Code::invalid);
}

TEST_CASE("a removal of what is not there is told apart by the CLI's complaint, too") {
  const Question change{.service = "route53", .action = "ChangeResourceRecordSets"};
  const auto result = failure_from_cli(
      change,
      "An error occurred (InvalidChangeBatch) when calling the ChangeResourceRecordSets operation: "
      "[Tried to delete resource record set [name='x.', type='A'] but it was not found]",
      254);
  REQUIRE(result.has_value());
  const Fault fault = parse_fault(result->status, result->body);
  CHECK(fault.code == "InvalidChangeBatch");
  CHECK(fault.message.find("it was not found") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::aws
