#include "ports/delegation.h"

#include <doctest/doctest.h>

namespace mainstay {
namespace {

using Names = std::vector<std::string>;

const AwsHostedZone zone{"Z1", "Example.com.", false, {"ns-1.example.net", "ns-2.example.net."}};

TEST_CASE(
    "a domain that is sent to the zone's own name servers is well, however they are written") {
  CHECK(delegation_fault(zone, Names{"NS-2.example.net", "ns-1.example.net."}).empty());
  CHECK(delegation_fault(zone, Names{"ns-1.example.net"}).empty());
}

TEST_CASE("one that is sent to others, or to nobody, is told with the remedy") {
  CHECK(delegation_fault(zone, Names{"ns-1.example.net", "ns.old.example"}) ==
        "the registrar's NS records of example.com name ns.old.example, not the name servers of "
        "hosted zone Z1");
  CHECK(delegation_fault(zone, failure(Code::not_found, "no such name")) ==
        "the registrar names no name server of example.com");
  CHECK(delegation_remedy(zone) ==
        "Set the NS records of example.com at its registrar to ns-1.example.net, "
        "ns-2.example.net");
}

TEST_CASE("silence says nothing of a delegation") {
  CHECK(delegation_fault(zone, failure(Code::timed_out, "nobody answers")).empty());
  CHECK(delegation_fault(zone, failure(Code::unavailable, "error 2")).empty());
}

}  // namespace
}  // namespace mainstay
