#include "adapters/aws/client.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/signer.h"
#include "adapters/aws/wait.h"
#include "adapters/http/url.h"

namespace mainstay::aws {

// What one attempt came to.
struct Client::Outcome {
  std::string body;  // of a success
  bool ok = false;
  Refusal refusal;
  bool may_have_happened = false;
  bool again = false;      // another attempt may do better
  bool throttled = false;  // after a longer pause
  FaultKind kind = FaultKind::final;
  bool learned_skew = false;
};

// What all attempts of one question have shown so far.
struct Client::Progress {
  bool may_have_happened = false;
  bool clock_mended = false;
  bool credentials_mended = false;
};

namespace {

std::string shown(const std::string& service) {
  if (service == "dynamodb") return "DynamoDB";
  if (service == "route53") return "Route 53";
  std::string name = service;
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

// "EC2 ReplaceRoute of route table rtb-1".
std::string name_of(const Question& question) {
  std::string name = shown(question.service) + ' ' + question.action;
  if (!question.subject.empty()) name += " of " + question.subject;
  return name;
}

Code code_of(HttpProblem problem) {
  switch (problem) {
    case HttpProblem::invalid:
      return Code::invalid;
    case HttpProblem::unreachable:
    case HttpProblem::broken:
      return Code::unavailable;
    case HttpProblem::timed_out:
      return Code::timed_out;
    case HttpProblem::too_large:
      return Code::corrupt;
    case HttpProblem::cancelled:
      return Code::cancelled;
  }
  return Code::unavailable;
}

bool worth_another_try(HttpProblem problem) {
  return problem == HttpProblem::unreachable || problem == HttpProblem::broken ||
         problem == HttpProblem::timed_out;
}

// The last word to the caller.
Refusal verdict(const Question& question, Refusal last, bool may_have_happened, int attempts) {
  Error& error = last.error;
  if (attempts > 1) error.message += fmt::format(" ({} attempts)", attempts);
  if (question.effect == Effect::change && may_have_happened) {
    error.code = Code::outcome_unknown;
    error.message += "; it may or may not have happened";
  }
  // That an id does not exist is what people search for, in AWS's own words: it stands first.
  const bool absent = error.code == Code::not_found;
  error.message =
      absent ? error.message + ": " + name_of(question) : name_of(question) + ": " + error.message;
  return last;
}

// Nobody's clock is off by less than this in AWS's eyes: it accepts five minutes.
constexpr Duration skew_noticed = 4min;

}  // namespace

Task<Answer> Client::ask(Question question, Call call) {
  Progress progress;
  for (int number = 0;;) {
    Outcome outcome = co_await attempt(question, number, call);
    if (outcome.ok) co_return std::move(outcome.body);
    progress.may_have_happened |= outcome.may_have_happened;
    if (mend(outcome, progress)) continue;

    ++number;
    const Duration pause =
        pause_before_retry(parts_.retry, number - 1, outcome.throttled, parts_.random);
    const Instant next = parts_.clock.now() + pause;
    bool give_up = !outcome.again || number >= parts_.retry.attempts_max || next >= call.deadline;
    if (!give_up && !co_await pause_until(parts_.clock, next, call.cancellation)) {
      give_up = true;
      outcome.refusal.error = {Code::cancelled, "called off"};
    }
    if (give_up) {
      co_return std::unexpected(
          verdict(question, std::move(outcome.refusal), progress.may_have_happened, number));
    }
  }
}

Task<Client::Outcome> Client::attempt(const Question& question, int number, Call call) {
  const auto refused = [](Error error) { return Outcome{.refusal = {std::move(error), {}}}; };
  if (parts_.exchange) {
    const Call share{attempt_deadline(parts_.retry, number, parts_.clock.now(), call.deadline),
                     call.cancellation};
    const HttpResult result = co_await parts_.exchange(question, share);
    co_return judge(question, result);
  }
  // These have limits of their own; an attempt's share of the time is for AWS.
  auto credentials = co_await parts_.identity.current(call);
  if (!credentials) co_return refused(credentials.error());
  auto endpoint = co_await parts_.endpoint(question.service, call);
  if (!endpoint) co_return refused(endpoint.error());
  auto request = signed_request(question, *endpoint, *credentials);
  if (!request) co_return refused(request.error());
  // Named, not a temporary: g++ 12 destroys brace-initialised aggregates of a co_await expression
  // twice.
  const Call limited{attempt_deadline(parts_.retry, number, parts_.clock.now(), call.deadline),
                     call.cancellation};
  const HttpResult result = co_await parts_.http(std::move(*request), limited);
  co_return judge(question, result);
}

Result<HttpRequest> Client::signed_request(const Question& question, const Endpoint& endpoint,
                                           const Credentials& credentials) const {
  HttpRequest request;
  request.method = question.method;
  request.url = endpoint.url + question.path;
  request.headers = question.headers;
  request.body = question.body;
  request.proxy = endpoint.proxy;
  request.tls = endpoint.tls;
  request.connect_limit = parts_.connect_limit;
  if (!parse_url(request.url)) {
    return failure(Code::invalid, fmt::format("the endpoint '{}' is no URL like "
                                              "https://ec2.eu-west-1.amazonaws.com",
                                              endpoint.url));
  }
  const auto skew = std::chrono::duration_cast<std::chrono::milliseconds>(skew_);
  sign(request, credentials, {endpoint.region, question.service}, parts_.clock.wall() + skew);
  return request;
}

Client::Outcome Client::judge(const Question& question, const HttpResult& result) {
  Outcome outcome;
  if (!result) {
    const HttpFailure& problem = result.error();
    outcome.refusal.error = {code_of(problem.problem), problem.message};
    outcome.may_have_happened = problem.sent;
    outcome.again = worth_another_try(problem.problem);
    return outcome;
  }
  if (result->status >= 200 && result->status < 300) {
    outcome.ok = true;
    outcome.body = result->body;
    return outcome;
  }
  const Fault fault = parts_.parse_fault(result->status, result->body);
  outcome.kind = kind_of(fault);
  outcome.throttled = outcome.kind == FaultKind::throttled;
  outcome.again = outcome.throttled || outcome.kind == FaultKind::transient;
  outcome.may_have_happened = outcome.kind == FaultKind::transient || result->repeated;
  outcome.learned_skew = outcome.kind == FaultKind::clock && learn_skew(*result);
  const std::string action = question.service + ':' + question.action;
  outcome.refusal = {{aws::code_of(fault), sentence_of(fault, action, question.subject)}, fault};
  return outcome;
}

// True if our time was wrong and is now corrected by what the server's answer says.
bool Client::learn_skew(const HttpResponse& response) {
  const auto server = parse_http_date(std::string(header_value(response.headers, "Date")));
  if (!server) return false;
  const Duration skew = *server - parts_.clock.wall();
  const Duration change = skew - skew_;
  if (change < skew_noticed && change > -skew_noticed) return false;
  skew_ = skew;
  return true;
}

// Two mishaps are cured at once and once only: a wrong clock, and credentials that have expired.
bool Client::mend(const Outcome& outcome, Progress& progress) {
  if (outcome.learned_skew) return !std::exchange(progress.clock_mended, true);
  const bool doubtful = outcome.kind == FaultKind::expired || outcome.kind == FaultKind::clock;
  if (!doubtful || std::exchange(progress.credentials_mended, true)) return false;
  parts_.identity.discard();
  return true;
}

}  // namespace mainstay::aws
