#include "adapters/arbiter/etcd_arbiter.h"

#include <sodium.h>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::etcd {
namespace {

RecordVersion new_version() {
  static const int ready = sodium_init();
  MAINSTAY_CHECK(ready >= 0);
  RecordVersion version = 0;
  while (version == 0) {
    randombytes_buf(&version, sizeof version);
    version >>= 1;
  }
  return version;
}

Error about(const std::string& key, Error error) {
  error.message = fmt::format("etcd, record {}: {}", key, error.message);
  return error;
}

// Of a write that changed the record of a store which is not the one we knew.
Error doubtful(Error error, bool written) {
  if (written) error.code = Code::outcome_unknown;
  return error;
}

}  // namespace

EtcdArbiter::EtcdArbiter(Clock& clock, HttpSend http, Settings settings)
    : client_(clock, std::move(http), std::move(settings)),
      folder_(folder_of(client_.settings().prefix, client_.settings().cluster)) {}

Task<Result<ArbiterRecord>> EtcdArbiter::read(std::string key, Call call) {
  if (auto intact = lineage_.intact(); !intact) co_return std::unexpected(intact.error());
  const std::int64_t floor = lineage_.floor();
  const Keys keys = keys_of(folder_, key);
  Question question{
      .path = "/v3/kv/txn", .body = read_body(keys), .subject = "record " + keys.value};
  const Answer answer = co_await client_.ask(std::move(question), call);
  if (!answer.body) co_return std::unexpected(answer.body.error());
  auto read = read_answer(*answer.body, keys);
  if (!read) co_return std::unexpected(about(keys.value, read.error()));
  if (auto known = lineage_.accept(read->origin, floor); !known) {
    co_return std::unexpected(known.error());
  }
  co_return std::move(read->record);
}

Task<Result<RecordVersion>> EtcdArbiter::swap(std::string key, RecordVersion expected, Bytes value,
                                              Call call) {
  MAINSTAY_CHECK(value.size() <= arbiter_value_size_max);
  if (auto intact = lineage_.intact(); !intact) co_return std::unexpected(intact.error());
  const std::int64_t floor = lineage_.floor();
  const Keys keys = keys_of(folder_, key);
  const Write write{.expected = expected, .version = new_version(), .value = value};
  Question question{.path = "/v3/kv/txn",
                    .body = swap_body(keys, write),
                    .subject = "record " + keys.value,
                    .effect = Effect::change};
  const Answer answer = co_await client_.ask(std::move(question), call);
  if (!answer.body) co_return std::unexpected(answer.body.error());
  const auto swap = swap_answer(*answer.body, keys);
  if (!swap) {
    Error error = about(keys.value, swap.error());
    error.code = Code::outcome_unknown;
    co_return std::unexpected(std::move(error));
  }
  // The same write may have been sent before, and its answer lost: then its own version stands.
  const bool written = swap->written || swap->present == write.version;
  if (auto known = lineage_.accept(swap->origin, floor); !known) {
    co_return std::unexpected(doubtful(known.error(), written || answer.ambiguous));
  }
  if (written) co_return write.version;
  if (!answer.ambiguous) {
    co_return failure(Code::conflict,
                      fmt::format("etcd, record {}: somebody else has changed it", keys.value));
  }
  co_return failure(
      Code::outcome_unknown,
      fmt::format("etcd, record {}: it has changed since; ours may have come before", keys.value));
}

Task<Result<std::vector<ArbiterEntry>>> EtcdArbiter::list(Call call) {
  if (auto intact = lineage_.intact(); !intact) co_return std::unexpected(intact.error());
  const std::int64_t floor = lineage_.floor();
  Question question{
      .path = "/v3/kv/range", .body = list_body(folder_), .subject = "records below " + folder_};
  const Answer answer = co_await client_.ask(std::move(question), call);
  if (!answer.body) co_return std::unexpected(answer.body.error());
  auto list = list_answer(*answer.body, folder_);
  if (!list) co_return std::unexpected(list.error());
  if (auto known = lineage_.accept(list->origin, floor); !known) {
    co_return std::unexpected(known.error());
  }
  co_return std::move(list->records);
}

}  // namespace mainstay::etcd
