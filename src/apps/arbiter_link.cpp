#include "apps/arbiter_link.h"

#include "adapters/arbiter/dynamodb_arbiter.h"
#include "adapters/arbiter/etcd_store.h"
#include "apps/aws_link.h"
#include "apps/etcd_link.h"

namespace mainstay::apps {

dynamodb::Records dynamodb_records(const ClusterConfig& config) {
  return {config.arbitration.arbiter.dynamodb.table, config.name};
}

namespace {

ArbiterLink link_dynamodb(const ClusterConfig& config, Clock& clock, aws::Connection& connection) {
  const ArbiterConfig& chosen = config.arbitration.arbiter;
  ArbiterLink link;
  link.client = dynamodb::open_client(
      connection, {.region = chosen.dynamodb.region, .url = chosen.dynamodb.endpoint},
      backend_of(chosen.dynamodb.backend));
  const auto records = dynamodb_records(config);
  link.arbiter = std::make_unique<dynamodb::DynamoDbArbiter>(clock, *link.client, records);
  link.store = std::make_unique<dynamodb::DynamoDbStore>(clock, *link.client, records);
  return link;
}

}  // namespace

Result<ArbiterLink> link_arbiter(const ClusterConfig& config, Clock& clock,
                                 aws::Connection& connection) {
  switch (config.arbitration.arbiter.kind) {
    case ArbiterKind::none:
    case ArbiterKind::simulated:
      break;
    case ArbiterKind::dynamodb:
      return link_dynamodb(config, clock, connection);
    case ArbiterKind::etcd: {
      auto linked = link_etcd(config, clock, connection.http());
      if (!linked) return std::unexpected(linked.error());
      ArbiterLink link;
      link.store = std::make_unique<etcd::EtcdStore>(**linked);
      link.arbiter = std::move(*linked);
      return link;
    }
  }
  return ArbiterLink{};
}

}  // namespace mainstay::apps
