// One signed question to an AWS service, asked as often as is sensible before its deadline.
//
// Errors, as ports/aws.h has them: a change whose answer was lost is outcome_unknown, whatever a
// later attempt said, unless that one succeeded. Messages name the action, its subject and the
// fact, never a secret.
#pragma once

#include <expected>
#include <string>

#include "adapters/aws/credentials.h"
#include "adapters/aws/fault.h"
#include "adapters/aws/retry.h"
#include "adapters/http/http.h"
#include "base/random.h"
#include "base/result.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay::aws {

enum class Effect { read, change };

struct Question {
  std::string service;  // "ec2": chooses the endpoint and is signed
  std::string action;   // "ReplaceRoute"
  std::string subject;  // "route table rtb-1", for messages
  Effect effect = Effect::read;
  std::string method = "POST";
  std::string path = "/";  // with its query, encoded
  HttpHeaders headers;
  std::string body;
};

// Where a service is.
struct Endpoint {
  std::string url;  // without a path
  std::string region;
  std::string proxy;
  HttpTls tls;
};
using FaultParser = std::function<Fault(int status, std::string_view body)>;
// One attempt at a question by other means than a signed request of ours.
using Exchange = std::function<Task<HttpResult>(Question, Call)>;
using EndpointSource = std::function<Task<Result<Endpoint>>(std::string service, Call)>;

struct Refusal {
  Error error;
  Fault fault;  // empty if AWS did not answer
};
using Answer = std::expected<std::string, Refusal>;

// Credentials that can be told that AWS no longer takes them.
struct Identity {
  CredentialSource current;
  std::function<void()> discard;  // the next `current` asks anew
};

class Client {
 public:
  struct Parts {
    Clock& clock;
    HttpSend http;
    Identity identity;
    EndpointSource endpoint;
    FaultParser parse_fault;
    Random random;
    RetryPolicy retry;
    Duration connect_limit = 3s;
    Exchange exchange = {};  // if set: instead of identity, endpoint and http
  };
  explicit Client(Parts parts) : parts_(std::move(parts)) {}

  // The body of a successful answer.
  Task<Answer> ask(Question question, Call call);

  // AWS's time less ours, as far as a refusal has taught us.
  Duration skew() const { return skew_; }

 private:
  struct Progress;
  struct Outcome;

  Task<Outcome> attempt(const Question& question, int number, Call call);
  Result<HttpRequest> signed_request(const Question& question, const Endpoint& endpoint,
                                     const Credentials& credentials) const;
  Outcome judge(const Question& question, const HttpResult& result);
  bool learn_skew(const HttpResponse& response);
  bool mend(const Outcome& outcome, Progress& progress);

  Parts parts_;
  Duration skew_{};
};

}  // namespace mainstay::aws
