// Route 53's answers and refusals, as AWS writes them, over real HTTP.
#include "adapters/aws/route53.h"

#include <doctest/doctest.h>

#include "adapters/aws/canned_ec2.h"
#include "adapters/aws/connection.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/route53_reply.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"

namespace mainstay::aws {
namespace {

using ServerAnswer = TestServer::Answer;

constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view ns = " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"";

ServerAnswer document(std::string_view action, std::string_view content) {
  return {.body = fmt::format("{}<{}Response{}>{}</{}Response>", xml_head, action, ns, content,
                              action)};
}

ServerAnswer refusal(int status, std::string_view code, std::string_view message) {
  return {.status = status,
          .body = fmt::format("{}<ErrorResponse{}><Error><Type>Sender</Type><Code>{}</Code>"
                              "<Message>{}</Message></Error><RequestId>1</RequestId>"
                              "</ErrorResponse>",
                              xml_head, ns, code, message)};
}

struct World {
  PollLoop loop;
  TestServer server;
  std::unique_ptr<Connection> connection;

  explicit World(TestServer::Handler handler, std::string region = "eu-west-1")
      : server(std::move(handler)) {
    Environment environment = {{"AWS_ENDPOINT_URL_ROUTE_53", server.url()},
                               {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                               {"AWS_SECRET_ACCESS_KEY", "secret"},
                               {"AWS_REGION", std::move(region)}};
    auto opened = Connection::open(loop, loop, environment, Random(1));
    REQUIRE(opened.has_value());
    connection = std::move(*opened);
  }
  Aws& aws() { return connection->aws(); }
  Call within(Duration limit = 10s) { return {loop.now() + limit, {}}; }
  template <class T>
  T ask(Task<T> task) {
    return run(loop, std::move(task));
  }
};

AwsRecord example() { return {"Z1", "service.hz1.local.", RecordType::a, {"10.0.110.10"}, 5s}; }

TEST_CASE("a change is one signed document, and its id is what it can be followed by") {
  World world([](const auto&) {
    return document("ChangeResourceRecordSets",
                    "<ChangeInfo><Id>/change/C2682N5HXP0BZ4</Id><Status>PENDING</Status>"
                    "<SubmittedAt>2026-01-01T01:36:41.958Z</SubmittedAt></ChangeInfo>");
  });
  const auto change =
      world.ask(world.aws().change_record(RecordChange::upsert, example(), world.within()));
  CHECK(change.value() == "C2682N5HXP0BZ4");
  const auto seen = world.server.requests().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/2013-04-01/hostedzone/Z1/rrset/");
  CHECK(seen.body ==
        "<?xml version=\"1.0\"?><ChangeResourceRecordSetsRequest "
        "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change>"
        "<Action>UPSERT</Action><ResourceRecordSet><Name>service.hz1.local.</Name><Type>A</Type>"
        "<TTL>5</TTL><ResourceRecords><ResourceRecord><Value>10.0.110.10</Value></ResourceRecord>"
        "</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>"
        "</ChangeResourceRecordSetsRequest>");
  CHECK(header_value(seen.headers, "Authorization").find("/us-east-1/route53/aws4_request") !=
        std::string_view::npos);
}

TEST_CASE("a record set is read by its name, and what comes after it in the zone is not it") {
  std::string name = "Service.HZ1.local.";
  World world([&name](const auto&) {
    return document(
        "ListResourceRecordSets",
        fmt::format("<ResourceRecordSets><ResourceRecordSet><Name>{}</Name><Type>A</Type>"
                    "<TTL>5</TTL><ResourceRecords><ResourceRecord><Value>10.0.110.10</Value>"
                    "</ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets>"
                    "<IsTruncated>false</IsTruncated><MaxItems>1</MaxItems>",
                    name));
  });
  const auto read = [&](RecordType type) {
    return world.ask(world.aws().record("Z1", "service.hz1.local.", type, world.within()));
  };
  CHECK(read(RecordType::a).value() == example());
  CHECK(world.server.requests().at(0).target ==
        "/2013-04-01/hostedzone/Z1/rrset?maxitems=1&name=service.hz1.local.&type=A");
  CHECK_FALSE(read(RecordType::aaaa).value().has_value());
  name = "service2.hz1.local.";
  CHECK_FALSE(read(RecordType::a).value().has_value());
}

TEST_CASE("a hosted zone is told with its name servers") {
  World world([](const auto&) {
    return document("GetHostedZone",
                    "<HostedZone><Id>/hostedzone/Z1</Id><Name>hz1.local.</Name><CallerReference>x"
                    "</CallerReference><Config><PrivateZone>false</PrivateZone></Config>"
                    "<ResourceRecordSetCount>3</ResourceRecordSetCount></HostedZone>"
                    "<DelegationSet><NameServers><NameServer>ns-1.example.net</NameServer>"
                    "<NameServer>ns-2.example.org</NameServer></NameServers></DelegationSet>");
  });
  CHECK(world.ask(world.aws().hosted_zone("Z1", world.within())).value() ==
        AwsHostedZone{"Z1", "hz1.local.", false, {"ns-1.example.net", "ns-2.example.org"}});
}

TEST_CASE("a private zone is told with its VPCs") {
  World world([](const auto&) {
    return document("GetHostedZone",
                    "<HostedZone><Id>/hostedzone/Z2</Id><Name>hz1.local.</Name><Config>"
                    "<PrivateZone>true</PrivateZone></Config></HostedZone><VPCs><VPC><VPCRegion>"
                    "eu-west-1</VPCRegion><VPCId>vpc-1</VPCId></VPC><VPC><VPCId>vpc-2</VPCId>"
                    "</VPC></VPCs>");
  });
  CHECK(world.ask(world.aws().hosted_zone("Z2", world.within())).value() ==
        AwsHostedZone{"Z2", "hz1.local.", true, {}, {"vpc-1", "vpc-2"}});
}

TEST_CASE("only INSYNC is done: an error or another word is not") {
  std::string status = "PENDING";
  World world([&status](const auto&) {
    return document("GetChange",
                    "<ChangeInfo><Id>/change/C1</Id><Status>" + status + "</Status></ChangeInfo>");
  });
  const auto ask = [&] { return world.ask(world.aws().change_in_sync("C1", world.within())); };
  CHECK_FALSE(ask().value());
  status = "INSYNC";
  CHECK(ask().value());
  status = "WHATEVER";
  CHECK(ask().error().code == Code::corrupt);
}

TEST_CASE("Route 53's refusals are told apart") {
  struct Row {
    ServerAnswer answer;
    Code code;
    const char* part;
  };
  const std::vector<Row> table = {
      {refusal(404, "NoSuchHostedZone", "No hosted zone found with ID: Z1"), Code::not_found,
       "No hosted zone found with ID: Z1"},
      {refusal(400, "InvalidChangeBatch",
               "[Tried to delete resource record set [name='a.', type='A'] but it was not found]"),
       Code::not_found, "it was not found"},
      {refusal(400, "InvalidChangeBatch",
               "[Tried to delete resource record set [name='a.', type='A'] but the values provided "
               "do not match the current values]"),
       Code::not_found, "do not match"},
      {{.status = 400,
        .body = fmt::format("{}<InvalidChangeBatch{}><Messages><Message>RRSet with DNS name a. is "
                            "not permitted in zone b.</Message></Messages></InvalidChangeBatch>",
                            xml_head, ns)},
       Code::invalid,
       "is not permitted in zone b"},
      {refusal(400, "Throttling", "Rate exceeded"), Code::throttled, "Rate exceeded"},
      {refusal(403, "AccessDenied",
               "User: arn:aws:sts::1:assumed-role/node/i-1 is not authorized to perform: "
               "route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/Z1"),
       Code::denied, "route53:ChangeResourceRecordSets"},
      {{.body = "<html/>"}, Code::outcome_unknown, "may or may not have happened"},
  };
  for (const Row& row : table) {
    World world([&row](const auto&) { return row.answer; });
    const auto answer =
        world.ask(world.aws().change_record(RecordChange::remove, example(), world.within(2s)));
    REQUIRE_FALSE(answer.has_value());
    INFO(answer.error().message);
    CHECK(answer.error().code == row.code);
    CHECK(answer.error().message.find(row.part) != std::string::npos);
    CHECK(answer.error().message.find("Route 53 ChangeResourceRecordSets") != std::string::npos);
  }
}

TEST_CASE("names are the same whatever their case, their dot and their spelling") {
  CHECK(same_dns_name("A.example.com", "a.EXAMPLE.com."));
  CHECK(same_dns_name("\\052.example.com.", "*.example.com."));
  CHECK_FALSE(same_dns_name("aa.example.com.", "a.example.com."));
}

}  // namespace
}  // namespace mainstay::aws
