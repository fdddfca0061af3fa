// DynamoDB asked by the AWS CLI: the same contract as for the native back end.
#include <doctest/doctest.h>

#include "adapters/arbiter/testing_dynamodb.h"

namespace mainstay::dynamodb {
namespace {

TEST_CASE("by the AWS CLI, DynamoDB keeps the contract of the port") {
  const auto broken = broken_dynamodb_clauses(aws::Backend::cli, 240s);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
}

}  // namespace
}  // namespace mainstay::dynamodb
