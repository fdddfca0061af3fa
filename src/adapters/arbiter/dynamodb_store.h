// The table behind the arbiter, for administrators: making it, and looking into it.
#pragma once

#include <functional>
#include <string>

#include "adapters/arbiter/dynamodb_protocol.h"
#include "ports/arbiter_store.h"
#include "ports/clock.h"

namespace mainstay::dynamodb {

// Says how it goes on: one sentence at a time.
using Progress = std::function<void(const std::string&)>;

class DynamoDbStore final : public ArbiterStore {
 public:
  // Both outlive this.
  DynamoDbStore(Clock& clock, aws::Client& client, Records records)
      : clock_(clock), client_(client), records_(std::move(records)) {}

  Task<Result<ArbiterStoreState>> describe(Call call) override;
  Task<Result<std::vector<ArbiterEntry>>> list(Call call) override;

  // Makes the table if there is none, and waits until it can be used. conflict: there is one of
  // another shape, or it is just being deleted.
  Task<Result<Table>> create(Progress progress, Call call);

 private:
  Task<Result<Table>> look(Call call);
  Task<Result<Table>> await_ready(Table table, Progress progress, Call call);

  Clock& clock_;
  aws::Client& client_;
  Records records_;
};

// What the nodes' role, and whoever looks after the table, must be allowed: IAM policies as JSON. A
// node may touch the records of its own cluster only.
std::string node_policy(const std::string& table_arn, const std::string& cluster);
std::string administrator_policy(const std::string& table_arn);

}  // namespace mainstay::dynamodb
