#include "adapters/arbiter/dynamodb_arbiter.h"

#include <openssl/rand.h>

#include <fmt/format.h>

namespace mainstay::dynamodb {
namespace {

constexpr Duration connect_limit = 1s;
// A write leaves this part of its time for the read that settles what became of it.
constexpr int settling_share = 3;

// Non-zero, 63 bits. Not from a seed: two nodes must never draw the same.
Result<RecordVersion> fresh_version() {
  RecordVersion version = 0;
  while (version == 0) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&version), sizeof version) != 1) {
      return failure(Code::unavailable,
                     "the operating system gives no random numbers; no record can be written");
    }
    version >>= 1U;
  }
  return version;
}

// Before anything is sent.
Status may_begin(Clock& clock, const Call& call) {
  if (call.cancellation.requested()) return failure(Code::cancelled, "DynamoDB: called off");
  if (clock.now() >= call.deadline) return failure(Code::timed_out, "DynamoDB: no time was left");
  return {};
}

}  // namespace

aws::RetryPolicy retry_policy() {
  return {.attempts_max = 3,
          .attempt_floor = 400ms,
          .pause_base = 25ms,
          .throttled_pause_base = 100ms,
          .pause_max = 2s};
}

std::unique_ptr<aws::Client> open_client(aws::Connection& connection, aws::Place place,
                                         aws::Backend backend) {
  return connection.client_for({.parse_fault = &parse_fault,
                                .retry = retry_policy(),
                                .place = std::move(place),
                                .connect_limit = connect_limit,
                                .backend = backend});
}

Error explain(const aws::Refusal& refusal, const std::string& table) {
  Error error = refusal.error;
  if (error.code == Code::outcome_unknown) return error;
  if (refusal.fault.code == "ConditionalCheckFailedException") {
    error.code = Code::conflict;
  } else if (refusal.fault.code == "ResourceNotFoundException") {
    error = {Code::unavailable,
             fmt::format("DynamoDB has no table {} in this region and account. Create it with "
                         "'mainstay arbiter create'.",
                         table)};
  }
  return error;
}

Task<Result<ArbiterRecord>> DynamoDbArbiter::read(std::string key, Call call) {
  if (const Status begin = may_begin(clock_, call); !begin)
    co_return std::unexpected(begin.error());
  aws::Question question = get_item(records_, key);
  const auto answer = co_await client_.ask(std::move(question), call);
  if (!answer) co_return std::unexpected(explain(answer.error(), records_.table));
  co_return parse_get_item(*answer);
}

Task<Result<RecordVersion>> DynamoDbArbiter::swap(std::string key, RecordVersion expected,
                                                  Bytes value, Call call) {
  if (const Status begin = may_begin(clock_, call); !begin)
    co_return std::unexpected(begin.error());
  if (value.size() > arbiter_value_size_max) {
    co_return failure(Code::invalid, fmt::format("record {} has {} bytes; it may have {}", key,
                                                 value.size(), arbiter_value_size_max));
  }
  const auto version = fresh_version();
  if (!version) co_return std::unexpected(version.error());
  Write write{std::move(key), expected, *version, std::move(value)};
  Call limited = call;
  if (call.deadline != never) {
    limited.deadline = call.deadline - (call.deadline - clock_.now()) / settling_share;
  }
  aws::Question question = put_item(records_, write);
  const auto answer = co_await client_.ask(std::move(question), limited);
  const Status accepted = answer ? parse_put_item(*answer) : Status{};
  if (answer && accepted) co_return write.version;
  Error error = answer ? accepted.error() : explain(answer.error(), records_.table);
  if (!answer && error.code != Code::outcome_unknown) co_return std::unexpected(std::move(error));
  co_return co_await settle(std::move(write), std::move(error), call);
}

// Also what DynamoDB calls a failed condition ends here, if an earlier attempt may have met it.
Task<Result<RecordVersion>> DynamoDbArbiter::settle(Write write, Error unknown, Call call) {
  unknown.code = Code::outcome_unknown;
  const auto now = co_await read(write.key, call);
  if (now && now->version == write.version) co_return write.version;
  if (!now) unknown.message += "; and " + now.error().message;
  co_return std::unexpected(std::move(unknown));
}

}  // namespace mainstay::dynamodb
