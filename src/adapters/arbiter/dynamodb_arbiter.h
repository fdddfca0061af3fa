// DynamoDB as the arbiter: consistent reads, conditional writes.
//
// The version of a record is a random number that its writer drew for this one write, never a
// counter. So a write whose answer was lost is settled by a read that finds that number, and a
// table that was deleted and made anew can never show a version that somebody remembers.
#pragma once

#include <memory>

#include "adapters/arbiter/dynamodb_protocol.h"
#include "adapters/aws/connection.h"
#include "ports/arbiter.h"
#include "ports/clock.h"

namespace mainstay::dynamodb {

// DynamoDB answers within milliseconds and a lease is short: an attempt gets less time, and the
// next comes sooner, than with other services.
aws::RetryPolicy retry_policy();

// A client for DynamoDB there. The connection outlives it.
std::unique_ptr<aws::Client> open_client(aws::Connection& connection, aws::Place place,
                                         aws::Backend backend = aws::Backend::native);

// A missing table is unavailable, a condition that did not hold a conflict; what may have happened
// stays outcome_unknown.
Error explain(const aws::Refusal& refusal, const std::string& table);

class DynamoDbArbiter final : public Arbiter {
 public:
  // Both outlive this.
  DynamoDbArbiter(Clock& clock, aws::Client& client, Records records)
      : clock_(clock), client_(client), records_(std::move(records)) {}

  Task<Result<ArbiterRecord>> read(std::string key, Call call) override;
  Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                   Call call) override;

 private:
  Task<Result<RecordVersion>> settle(Write write, Error unknown, Call call);

  Clock& clock_;
  aws::Client& client_;
  Records records_;
};

}  // namespace mainstay::dynamodb
