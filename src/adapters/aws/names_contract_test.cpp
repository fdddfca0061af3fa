// Names by the native back end, from environment variables to HTTP, held to their contract.
#include "adapters/aws/names_contract.h"

#include <doctest/doctest.h>

#include "adapters/aws/canned_route53.h"
#include "adapters/aws/connection.h"
#include "adapters/http/poll_loop.h"

namespace mainstay::aws {
namespace {

using Mood = CannedRoute53::Mood;

TEST_CASE("Route 53's adapter keeps the contract of names") {
  CannedRoute53 route53;
  PollLoop loop;
  const Environment environment = {{"AWS_ENDPOINT_URL_ROUTE_53", route53.url()},
                                   {"AWS_ACCESS_KEY_ID", "A"},
                                   {"AWS_SECRET_ACCESS_KEY", "s"},
                                   {"AWS_REGION", "eu-west-1"}};
  auto connection = Connection::open(loop, loop, environment, Random(1));
  REQUIRE(connection.has_value());
  NamesContractWorld contract{
      .aws = (*connection)->aws(),
      .clock = loop,
      .run_until = [&](const std::function<bool()>& done) { loop.run_until(done); },
      .zone = CannedRoute53::zone(),
      .name = "service.hz1.local.",
      .throttle = [&] { route53.set(Mood::throttling); },
      .deny = [&] { route53.set(Mood::denying); },
      .be_silent = [&] { route53.set(Mood::silent); },
      .heal = [&] { route53.set(Mood::well); },
      .call_limit = 4s};
  const auto broken = broken_names_clauses(contract);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
  for (const auto& request : route53.requests()) {
    CHECK(header_value(request.headers, "Authorization").find("/us-east-1/route53/") !=
          std::string_view::npos);
  }
}

}  // namespace
}  // namespace mainstay::aws
