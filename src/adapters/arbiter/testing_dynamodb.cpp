#include "adapters/arbiter/testing_dynamodb.h"

#include "adapters/arbiter/canned_dynamodb.h"
#include "adapters/arbiter/dynamodb_test_world.h"
#include "ports/arbiter_contract.h"

namespace mainstay::dynamodb {

using Mood = CannedDynamoDb::Mood;

std::vector<std::string> broken_dynamodb_clauses(aws::Backend backend, Duration call_limit) {
  CannedDynamoDb store;
  PollLoop loop;
  TestNode one(loop, store.url(), "shop", "mainstay", backend);
  TestNode two(loop, store.url(), "shop", "mainstay", backend);
  TestNode stranger(loop, store.url(), "bakery", "mainstay", backend);
  ArbiterContractWorld contract{
      .one = one.arbiter(),
      .two = two.arbiter(),
      .stranger = &stranger.arbiter(),
      .clock = loop,
      .run_until = [&](const std::function<bool()>& done) { loop.run_until(done); },
      .be_silent = [&] { store.set(Mood::silent); },
      .lose_answers = [&] { store.set(Mood::losing_answers); },
      .lose_one_answer = [&] { store.set(Mood::losing_one_answer); },
      .throttle = [&] { store.set(Mood::throttling); },
      .deny = [&] { store.set(Mood::denying); },
      .forget = [&] { store.drop_table(); },
      .heal = [&] { store.set(Mood::well); },
      .call_limit = call_limit};
  auto broken = broken_arbiter_clauses(contract);
  for (const auto& request : store.requests()) {
    const auto signature = header_value(request.headers, "Authorization");
    if (signature.find("/eu-west-1/dynamodb/") == std::string_view::npos) {
      broken.emplace_back("a question is not signed for DynamoDB in its region");
    }
  }
  return broken;
}

}  // namespace mainstay::dynamodb
