#include "apps/told_arbiter.h"

namespace mainstay::apps {
namespace {

// Whether a store that is out of reach is silent or refuses connections changes by the moment.
Code kind_of(Code code) {
  switch (code) {
    case Code::timed_out:
    case Code::outcome_unknown:
    case Code::throttled:
      return Code::unavailable;
    default:
      return code;
  }
}

}  // namespace

ToldArbiter::ToldArbiter(std::unique_ptr<Arbiter> arbiter, Tell tell)
    : arbiter_(std::move(arbiter)), tell_(std::move(tell)) {}

Task<Result<ArbiterRecord>> ToldArbiter::read(std::string key, Call call) {
  auto record = co_await arbiter_->read(std::move(key), std::move(call));
  record ? on_answer() : on_failure(record.error());
  co_return record;
}

Task<Result<RecordVersion>> ToldArbiter::swap(std::string key, RecordVersion expected, Bytes value,
                                              Call call) {
  auto version =
      co_await arbiter_->swap(std::move(key), expected, std::move(value), std::move(call));
  version ? on_answer() : on_failure(version.error());
  co_return version;
}

void ToldArbiter::on_answer() {
  if (std::exchange(trouble_, std::nullopt)) tell_(Severity::information, "the arbiter answers");
}

void ToldArbiter::on_failure(const Error& error) {
  if (error.code == Code::cancelled) return;
  if (error.code == Code::conflict) return on_answer();
  const Code kind = kind_of(error.code);
  if (std::exchange(trouble_, kind) != kind) {
    tell_(Severity::warning, "the arbiter: " + error.message);
  }
}

}  // namespace mainstay::apps
