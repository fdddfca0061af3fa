// The AWS CLI instead of HTTP: one process for each attempt at a question, killed at its deadline.
// It finds its own credentials, unless it is given some.
#pragma once

#include <memory>

#include "adapters/aws/client.h"
#include "adapters/aws/environment.h"
#include "adapters/http/event_loop.h"

namespace mainstay::aws {

struct CliParts {
  Clock& clock;
  EventLoop& loop;
  // Passed on whole; CLP_AWS_CMD in it names the program that is run instead of `aws`.
  const Environment& environment;
  EndpointSource endpoint;
  // Whether the endpoint of the service was chosen, rather than being the region's own.
  std::function<bool(const std::string& service)> is_chosen;
  CredentialSource credentials = {};  // if set: what it is given, in its environment
};

Task<HttpResult> ask_cli(std::shared_ptr<const CliParts> parts, Question question, Call call);

// A process that starts needs a second or two: fewer attempts, each with more time.
RetryPolicy cli_retry_policy();

}  // namespace mainstay::aws
