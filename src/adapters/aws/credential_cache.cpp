#include "adapters/aws/credential_cache.h"

#include "adapters/aws/wait.h"

namespace mainstay::aws {
namespace {

// The metadata service has new ones at least five minutes before the old ones end.
constexpr Duration renewal_lead = 10min;
// What is signed now must still be good when it arrives.
constexpr Duration expiry_margin = 5s;
constexpr Duration renewal_pause = 30s;
constexpr Duration renewal_limit = 10s;

}  // namespace

CredentialCache::CredentialCache(Clock& clock, CredentialSource source)
    : clock_(clock),
      source_(std::move(source)),
      last_error_{Code::unavailable, "credentials were not asked for yet"} {}

bool CredentialCache::usable() const {
  return held_ && (!held_->expires || clock_.wall() + expiry_margin < *held_->expires);
}

bool CredentialCache::renewal_due() const {
  return held_ && held_->expires && clock_.wall() + renewal_lead >= *held_->expires &&
         clock_.now() >= next_renewal_;
}

Task<Result<Credentials>> CredentialCache::current(Call call) {
  if (usable()) {
    if (renewal_due()) begin_renewal();
    co_return *held_;
  }
  do {
    begin_renewal();
    const Status waited = co_await wait_for_renewal(call);
    if (!waited) co_return std::unexpected(waited.error());
    // Fresh ones are used even if they seem to have ended: it may be our clock that is wrong, and
    // AWS will say so.
    if (held_) co_return *held_;
    // They came, and somebody else was refused with them before we were woken: once more.
  } while (renewed_ && clock_.now() < call.deadline);
  co_return std::unexpected(last_error_);
}

Task<Status> CredentialCache::wait_for_renewal(Call call) {
  if (!renewing_) co_return Status{};
  const Completion<bool> over;
  waiting_.push_back(over);
  const bool done = co_await wait_for(clock_, over, call.deadline, call.cancellation);
  if (done) co_return Status{};
  if (call.cancellation.requested()) {
    co_return failure(Code::cancelled, "called off while waiting for credentials");
  }
  // Why there were none before is likely to be why there are none yet.
  co_return failure(Code::timed_out, failed_ ? "no credentials in time: " + last_error_.message
                                             : "no credentials in time");
}

void CredentialCache::begin_renewal() {
  if (renewing_) return;
  renewing_ = true;
  next_renewal_ = clock_.now() + renewal_pause;
  renewal_.emplace(renew());
  renewal_->start();
}

Task<void> CredentialCache::renew() {
  const Call call{clock_.now() + renewal_limit, {}};
  auto fresh = co_await source_(call);
  renewed_ = fresh.has_value();
  failed_ = !renewed_;
  if (fresh) {
    held_ = std::move(*fresh);
  } else {
    last_error_ = fresh.error();
    // A caller who has waited must not be given what has ended.
    if (!usable()) held_.reset();
  }
  renewing_ = false;
  // Through the queue: who is woken may begin the next renewal, which replaces this coroutine.
  if (waiting_.empty()) co_return;
  clock_.call_at(clock_.now(), [waiting = std::exchange(waiting_, {})] {
    for (const auto& waiter : waiting) waiter.set(true);
  });
}

}  // namespace mainstay::aws
