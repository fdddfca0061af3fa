// Route 53 by its REST API: hosted zones, record sets, changes.
#pragma once

#include <optional>
#include <string>

#include "adapters/aws/client.h"
#include "ports/aws.h"

namespace mainstay::aws {

class Route53 {
 public:
  // It outlives this.
  explicit Route53(Client& client) : client_(client) {}

  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call);
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call);
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record, Call call);
  Task<Result<bool>> change_in_sync(std::string change, Call call);

 private:
  Client& client_;
};

}  // namespace mainstay::aws
