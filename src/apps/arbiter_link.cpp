#include "apps/arbiter_link.h"

#include "adapters/arbiter/dynamodb_arbiter.h"

namespace mainstay::apps {

dynamodb::Records dynamodb_records(const ClusterConfig& config) {
  return {config.arbitration.arbiter.dynamodb.table, config.name};
}

ArbiterLink link_arbiter(const ClusterConfig& config, Clock& clock, aws::Connection& connection) {
  const ArbiterConfig& chosen = config.arbitration.arbiter;
  ArbiterLink link;
  if (chosen.kind != ArbiterKind::dynamodb) return link;
  link.client = dynamodb::open_client(
      connection, {.region = chosen.dynamodb.region, .url = chosen.dynamodb.endpoint});
  const auto records = dynamodb_records(config);
  link.arbiter = std::make_unique<dynamodb::DynamoDbArbiter>(clock, *link.client, records);
  link.store = std::make_unique<dynamodb::DynamoDbStore>(clock, *link.client, records);
  return link;
}

}  // namespace mainstay::apps
