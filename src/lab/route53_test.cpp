// Route 53's calls: zones, batches, changes that take time, what the name servers have meanwhile.
#include "lab/route53.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <pugixml.hpp>

using namespace mainstay::lab;

namespace {

constexpr const char* name = "web.cluster.internal.";

struct Fixture {
  Route53 route53{"ap-northeast-1", 1};
  std::string zone = route53.add_zone("cluster.internal.", {"vpc-1"});

  std::expected<std::string, AwsError> get(const std::string& path, std::int64_t now_ms = 0) {
    return route53.call({"GET", "/2013-04-01/" + path}, now_ms);
  }
  std::expected<std::string, AwsError> change(const std::string& changes, std::int64_t now_ms = 0) {
    HttpRequest request{"POST", fmt::format("/2013-04-01/hostedzone/{}/rrset/", zone)};
    request.body = fmt::format(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
        "<ChangeBatch><Comment>x</Comment><Changes>{}</Changes></ChangeBatch>"
        "</ChangeResourceRecordSetsRequest>",
        changes);
    return route53.call(request, now_ms);
  }
  std::vector<RecordSet> served() const { return route53.zones().at(zone).served; }
};

std::string one_change(const std::string& action, const std::string& value,
                       const std::string& owner = name, int ttl = 5) {
  return fmt::format(
      "<Change><Action>{}</Action><ResourceRecordSet><Name>{}</Name><Type>A</Type><TTL>{}</TTL>"
      "<ResourceRecords><ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords>"
      "</ResourceRecordSet></Change>",
      action, owner, ttl, value);
}

std::string value_in(const std::expected<std::string, AwsError>& answer, const char* path) {
  REQUIRE_MESSAGE(answer.has_value(), answer.error().message);
  pugi::xml_document document;
  REQUIRE(document.load_string(route53_response("X", *answer).c_str()));
  return document.select_node(path).node().child_value();
}

std::string message(const std::expected<std::string, AwsError>& answer) {
  return answer ? "none" : answer.error().code + ": " + answer.error().message;
}

}  // namespace

TEST_CASE("requests are told apart by method and path") {
  const auto action = [](const char* method, const char* target) {
    return route53_action({method, target});
  };
  CHECK(action("POST", "/2013-04-01/hostedzone/Z1/rrset/") == "ChangeResourceRecordSets");
  CHECK(action("POST", "/2013-04-01/hostedzone/Z1/rrset") == "ChangeResourceRecordSets");
  CHECK(action("GET", "/2013-04-01/hostedzone/Z1/rrset?name=x") == "ListResourceRecordSets");
  CHECK(action("GET", "/2013-04-01/hostedzone/Z1") == "GetHostedZone");
  CHECK(action("GET", "/2013-04-01/hostedzonesbyname?dnsname=x") == "ListHostedZonesByName");
  CHECK(action("GET", "/2013-04-01/change/C1") == "GetChange");
  CHECK(action("DELETE", "/2013-04-01/hostedzone/Z1").empty());
  CHECK(action("GET", "/elsewhere").empty());
}

TEST_CASE("a change is shown at once, and served when it is in sync") {
  Fixture at;
  const auto before = at.served();
  const auto answer = at.change(one_change("UPSERT", "10.0.110.10"), 1'000);
  CHECK(value_in(answer, "//ChangeInfo/Status") == "PENDING");
  const std::string id = value_in(answer, "//ChangeInfo/Id").substr(1);
  CHECK(id.starts_with("change/C"));
  CHECK(
      value_in(at.get(fmt::format("hostedzone/{}/rrset?name={}&type=A&maxitems=1", at.zone, name)),
               "//ResourceRecord/Value") == "10.0.110.10");
  at.route53.advance(1'000 + at.route53.propagation().min_ms - 1);
  CHECK(at.served() == before);
  CHECK(value_in(at.get(id, 1'000), "//Status") == "PENDING");
  const std::int64_t later = 1'000 + at.route53.propagation().max_ms;
  at.route53.advance(later);
  CHECK(at.served().back() == RecordSet{name, "A", 5, {"10.0.110.10"}});
  CHECK(value_in(at.get(id, later), "//Status") == "INSYNC");
}

TEST_CASE("a later change is never in force before an earlier one") {
  Fixture at;
  at.route53.set_propagation({5'000, 5'000});
  (void)at.change(one_change("UPSERT", "10.0.110.10"), 0);
  at.route53.set_propagation({0, 0});
  (void)at.change(one_change("UPSERT", "10.0.120.10"), 1);
  at.route53.advance(4'999);
  CHECK(at.served().size() == 2);
  at.route53.advance(5'000);
  CHECK(at.served().back().values == std::vector<std::string>{"10.0.120.10"});
}

TEST_CASE("a batch is refused whole, in Route 53's words") {
  Fixture at;
  REQUIRE(at.change(one_change("CREATE", "10.0.110.10")).has_value());
  CHECK(message(at.change(one_change("CREATE", "10.0.110.10"))) ==
        "InvalidChangeBatch: [Tried to create resource record set [name='web.cluster.internal.', "
        "type='A'] but it already exists]");
  CHECK(message(at.change(one_change("DELETE", "10.9.9.9"))) ==
        "InvalidChangeBatch: [Tried to delete resource record set [name='web.cluster.internal.', "
        "type='A'] but the values provided do not match the current values]");
  CHECK(message(at.change(one_change("DELETE", "10.9.9.9", "x.cluster.internal."))) ==
        "InvalidChangeBatch: [Tried to delete resource record set [name='x.cluster.internal.', "
        "type='A'] but it was not found]");
  CHECK(message(at.change(one_change("UPSERT", "10.0.0.1", "web.example.com."))) ==
        "InvalidChangeBatch: [RRSet with DNS name web.example.com. is not permitted in zone "
        "cluster.internal.]");
  CHECK(message(at.change(one_change("UPSERT", "10.0.0"))).find("ARRDATAIllegalIPv4Address") !=
        std::string::npos);
  const std::string two = one_change("UPSERT", "10.0.0.5") + one_change("UPSERT", "nonsense");
  CHECK_FALSE(at.change(two).has_value());
  CHECK(value_in(at.get("hostedzone/" + at.zone + "/rrset?type=A&name=" + name),
                 "//ResourceRecord/Value") == "10.0.110.10");
  CHECK(at.change(one_change("DELETE", "10.0.110.10")).has_value());
  CHECK(message(at.change("<Change/>")).starts_with("InvalidInput"));
}

TEST_CASE("zones and changes that are not there are told so") {
  Fixture at;
  CHECK(message(at.get("hostedzone/Z0/rrset")) ==
        "NoSuchHostedZone: No hosted zone found with ID: Z0");
  CHECK(message(at.get("change/C0")).starts_with("NoSuchChange"));
  CHECK(at.get("hostedzone/Z0").error().status == 404);
}

TEST_CASE("zones say whether they are private, and who serves them") {
  Fixture at;
  const std::string open = at.route53.add_zone("example.com.", {});
  CHECK(value_in(at.get("hostedzone/" + at.zone), "//Config/PrivateZone") == "true");
  CHECK(value_in(at.get("hostedzone/" + at.zone), "//VPCs/VPC/VPCId") == "vpc-1");
  CHECK(value_in(at.get("hostedzone/" + open), "//DelegationSet/NameServers/NameServer") ==
        route53_name_servers()[0]);
  CHECK(value_in(at.get("hostedzonesbyname?dnsname=example.com"), "//HostedZone/Id") ==
        "/hostedzone/" + open);
  CHECK(value_in(at.get("hostedzonesbyname?dnsname=zzz.internal"), "//HostedZones").empty());
}

TEST_CASE("records are listed by their reversed names, page by page") {
  Fixture at;
  REQUIRE(at.change(one_change("CREATE", "10.0.0.9", "b.a.cluster.internal.") +
                    one_change("CREATE", "10.0.0.8", "z.cluster.internal.") +
                    one_change("CREATE", "10.0.0.7", "*.cluster.internal."))
              .has_value());
  const std::string all = "hostedzone/" + at.zone + "/rrset";
  const auto page = at.get(all + "?maxitems=3");
  CHECK(value_in(page, "//ResourceRecordSet[3]/Name") == "\\052.cluster.internal.");
  CHECK(value_in(page, "//IsTruncated") == "true");
  CHECK(value_in(page, "//NextRecordName") == "b.a.cluster.internal.");
  const auto rest = at.get(all + "?name=b.a.cluster.internal.&type=A");
  CHECK(value_in(rest, "//ResourceRecordSet[2]/Name") == "z.cluster.internal.");
  CHECK(value_in(rest, "//IsTruncated") == "false");
}
