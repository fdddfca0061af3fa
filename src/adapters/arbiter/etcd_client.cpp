#include "adapters/arbiter/etcd_client.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/arbiter/etcd_message.h"
#include "base/check.h"

namespace mainstay::etcd {
namespace {

constexpr int attempts_max = 100;
// An attempt gets half of the time that is left, within these bounds: a member that is silent must
// leave time for the next.
constexpr Duration attempt_floor = 100ms;
constexpr Duration attempt_ceiling = 1s;
constexpr Duration pause_base = 20ms;  // doubled each time that all endpoints were asked
constexpr Duration pause_max = 200ms;
// With less left, another attempt could only replace a telling error by a time-out.
constexpr Duration attempt_least = 50ms;
// A wrong password does not become right; a token may expire in the moment it is used.
constexpr int tokens_max = 2;
constexpr std::size_t answer_size_max = 16 * 1024 * 1024;

Instant attempt_deadline(Instant now, Instant deadline) {
  const Duration share = std::clamp<Duration>((deadline - now) / 2, attempt_floor, attempt_ceiling);
  return std::min(deadline, now + share);
}

Duration pause_after(std::size_t attempts, std::size_t endpoints) {
  if (attempts % endpoints != 0) return 0ms;
  const std::size_t rounds = std::min<std::size_t>(attempts / endpoints - 1, 8);
  return std::min<Duration>(pause_base * (1 << rounds), pause_max);
}

}  // namespace

Client::Client(Clock& clock, HttpSend http, Settings settings)
    : clock_(clock), http_(std::move(http)), settings_(std::move(settings)) {
  MAINSTAY_CHECK(!settings_.endpoints.empty());
  for (std::string& endpoint : settings_.endpoints) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
  }
}

Task<Answer> Client::ask(Question question, Call call) {
  Answer answer{.body = {}, .ambiguous = false};
  int mended = 0;
  for (int attempts = 1;; ++attempts) {
    const Attempt next{endpoint_,
                       {attempt_deadline(clock_.now(), call.deadline), call.cancellation}};
    Outcome outcome = co_await attempt(question, next);
    answer.ambiguous |= outcome.may_have_happened;
    if (outcome.body) {
      answer.body = std::move(outcome.body);
      co_return answer;
    }
    if (mend(outcome.cure, mended)) continue;
    if (outcome.cure == Cure::elsewhere) leave(next.endpoint);
    // A token names a revision that the member waits for: after a loss of data, for ever.
    if (outcome.body.error().code == Code::timed_out) token_.clear();

    const Instant again =
        clock_.now() + pause_after(static_cast<std::size_t>(attempts), settings_.endpoints.size());
    const bool no_use = outcome.cure != Cure::elsewhere || attempts >= attempts_max;
    if (no_use || call.deadline - attempt_least <= again) {
      Error error = std::move(outcome.body.error());
      if (attempts > 1) error.message += fmt::format(" ({} attempts)", attempts);
      if (question.effect == Effect::change && answer.ambiguous) {
        error.code = Code::outcome_unknown;
        error.message += "; it may or may not have been written";
      }
      answer.body = std::unexpected(std::move(error));
      co_return answer;
    }
    if (again > clock_.now()) co_await sleep_until(clock_, again);
  }
}

Task<Client::Outcome> Client::attempt(Question question, Attempt attempt) {
  if (!settings_.user.empty() && token_.empty() && !without_token_) {
    Outcome outcome = co_await authenticate(attempt);
    if (!outcome.body && outcome.cure != Cure::without_token) co_return outcome;
    without_token_ = !outcome.body;
  }
  co_return co_await post(std::move(question), std::move(attempt));
}

Task<Client::Outcome> Client::authenticate(Attempt attempt) {
  Question question{.path = "/v3/auth/authenticate",
                    .body = authenticate_body(settings_.user, settings_.password),
                    .subject = fmt::format("user {}", settings_.user)};
  Outcome outcome = co_await post(std::move(question), std::move(attempt));
  outcome.may_have_happened = false;  // what is asked next has not been sent
  if (!outcome.body) co_return outcome;
  auto token = token_of(*outcome.body);
  if (token) {
    token_ = std::move(*token);
  } else {
    outcome.body = std::unexpected(token.error());
    outcome.cure = Cure::elsewhere;
  }
  co_return outcome;
}

Task<Client::Outcome> Client::post(Question question, Attempt attempt) {
  const std::string& endpoint = settings_.endpoints[attempt.endpoint];
  HttpRequest request{.method = "POST", .url = endpoint + question.path};
  // A member that hears no leader says so at once, instead of keeping the question.
  request.headers = {{"Content-Type", "application/json"}, {"Grpc-Metadata-hasleader", "true"}};
  if (!token_.empty()) request.headers.push_back({"Authorization", token_});
  request.body = std::move(question.body);
  request.tls = settings_.tls;
  request.connect_limit = attempt_ceiling;
  request.response_size_max = answer_size_max;
  HttpResult result = co_await http_(std::move(request), attempt.call);
  Outcome outcome;
  // The first writing of a repeated one may have been heard, whatever is said to the second.
  const bool repeated = result && result->repeated;
  if (result && result->status == 200) {
    outcome.body = std::move(result->body);
    outcome.may_have_happened = repeated;
    co_return outcome;
  }
  Fault fault = result ? fault_of(*result, settings_.user) : fault_of(result.error());
  fault.error.message =
      fmt::format("etcd {}, {}: {}", endpoint, question.subject, fault.error.message);
  outcome.body = std::unexpected(std::move(fault.error));
  outcome.cure = fault.cure;
  outcome.may_have_happened = fault.may_have_happened || repeated;
  co_return outcome;
}

// Another call may have left it already.
void Client::leave(std::size_t endpoint) {
  if (endpoint_ == endpoint) endpoint_ = (endpoint + 1) % settings_.endpoints.size();
}

// True: with a new token, or without one, the same member may be asked again at once.
bool Client::mend(Cure cure, int& mended) {
  if (cure != Cure::new_token && cure != Cure::without_token) return false;
  token_.clear();
  without_token_ = cure == Cure::without_token;
  return ++mended <= tokens_max && !settings_.user.empty();
}

}  // namespace mainstay::etcd
