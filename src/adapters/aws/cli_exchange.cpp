#include "adapters/aws/cli_exchange.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "adapters/aws/cli_words.h"
#include "adapters/aws/command.h"
#include "adapters/aws/settings_file.h"

namespace mainstay::aws {
namespace {

constexpr std::size_t output_max = 16 * 1024 * 1024;

HttpFailure failure_of(const Error& error) {
  // A program that was killed may have got as far as AWS; one that did not start has not.
  switch (error.code) {
    case Code::timed_out:
      return {HttpProblem::timed_out, "the AWS CLI did not end in time", true};
    case Code::cancelled:
      return {HttpProblem::cancelled, error.message, true};
    case Code::not_found:
      return {HttpProblem::invalid,
              error.message + ". Install the AWS CLI, or name it with CLP_AWS_CMD", false};
    default:
      return {HttpProblem::broken, error.message, true};
  }
}

// Nothing was sent. Who may not have them is refused as by AWS itself.
HttpResult without_credentials(const Question& question, const Error& error) {
  if (error.code == Code::denied) return refusal_from_cli(question, error.message);
  const bool late = error.code == Code::timed_out;
  return std::unexpected(
      HttpFailure{late ? HttpProblem::timed_out : HttpProblem::unreachable, error.message, false});
}

void put(Environment& environment, const Credentials& credentials) {
  // They would go before.
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"}) {
    environment.erase(name);
  }
  environment["AWS_ACCESS_KEY_ID"] = credentials.access_key;
  environment["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key;
  if (!credentials.session_token.empty()) {
    environment["AWS_SESSION_TOKEN"] = credentials.session_token;
  }
}

Environment environment_of(const Environment& given) {
  Environment environment = given;
  environment.erase(cli_program_variable);
  environment["AWS_PAGER"] = "";
  // Attempts are ours to make: each has its deadline.
  environment["AWS_MAX_ATTEMPTS"] = "1";
  return environment;
}

// Whole seconds, at least one: the CLI knows no others.
std::string seconds_left(Clock& clock, Instant deadline) {
  const double left = std::chrono::duration<double>(deadline - clock.now()).count();
  return std::to_string(std::clamp(static_cast<int>(std::ceil(left)), 1, 999));
}

}  // namespace

RetryPolicy cli_retry_policy() {
  RetryPolicy policy;
  policy.attempts_max = 2;
  policy.attempt_floor = 10s;
  return policy;
}

Task<HttpResult> ask_cli(std::shared_ptr<const CliParts> parts, Question question, Call call) {
  auto words = cli_words(question);
  if (!words) {
    co_return std::unexpected(HttpFailure{HttpProblem::invalid, words.error().message, false});
  }
  const auto endpoint = co_await parts->endpoint(question.service, call);
  if (!endpoint) {
    co_return std::unexpected(HttpFailure{HttpProblem::invalid, endpoint.error().message, false});
  }
  const std::string program = variable(parts->environment, cli_program_variable);
  CommandOrder order;
  order.words = {program.empty() ? "aws" : program};
  std::ranges::move(*words, std::back_inserter(order.words));
  const std::string limit = seconds_left(parts->clock, call.deadline);
  for (const std::string& word :
       {std::string("--output"), std::string("json"), std::string("--no-paginate"),
        std::string("--region"), endpoint->region, std::string("--cli-connect-timeout"), limit,
        std::string("--cli-read-timeout"), limit}) {
    order.words.push_back(word);
  }
  if (parts->is_chosen(question.service)) {
    order.words.insert(order.words.end(), {"--endpoint-url", endpoint->url});
  }
  order.environment = environment_of(parts->environment);
  if (parts->credentials) {
    const auto credentials = co_await parts->credentials(call);
    if (!credentials) co_return without_credentials(question, credentials.error());
    put(*order.environment, *credentials);
  }
  order.output_max = output_max;
  const auto end = co_await run_to_end(parts->clock, parts->loop, std::move(order), call);
  if (!end) co_return std::unexpected(failure_of(end.error()));
  if (end->signal != 0) {
    co_return std::unexpected(HttpFailure{
        HttpProblem::broken, fmt::format("signal {} ended the AWS CLI", end->signal), true});
  }
  if (end->exit_code != 0) co_return failure_from_cli(question, end->complaint, end->exit_code);
  auto reply = reply_from_cli(question, end->printed);
  if (!reply) {
    co_return std::unexpected(HttpFailure{HttpProblem::broken, reply.error().message, true});
  }
  HttpResponse response;
  response.status = 200;
  response.body = std::move(*reply);
  co_return response;
}

}  // namespace mainstay::aws
