// Asks etcd's members, one after the other, until one answers: endpoints, tokens, and the time that
// each attempt may take.
//
// It stays with the member that answered last. A question that changes something may be asked more
// than once: whoever asks makes sure that it can take effect once only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "adapters/arbiter/etcd_fault.h"
#include "adapters/http/http.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/clock.h"

namespace mainstay::etcd {

struct Settings {
  std::string cluster;                 // ours: its records lie below prefix and name
  std::vector<std::string> endpoints;  // client URLs of one etcd's members; at least one
  HttpTls tls;
  std::string user;  // "": nobody; etcd's authentication is off
  std::string password;
  std::string prefix = "/mainstay";
};

enum class Effect { none, change };

struct Question {
  std::string path;  // "/v3/kv/txn"
  std::string body;
  std::string subject;  // for messages: "record /mainstay/shop/node/a"
  Effect effect = Effect::none;
};

struct Answer {
  // outcome_unknown: it may have taken effect, and nothing tells.
  Result<std::string> body;
  // An attempt before this answer may have taken effect.
  bool ambiguous = false;
};

class Client {
 public:
  // `http` and the clock outlive the client, the client its tasks.
  Client(Clock& clock, HttpSend http, Settings settings);

  Task<Answer> ask(Question question, Call call);
  const Settings& settings() const { return settings_; }

 private:
  // What one attempt came to.
  struct Outcome {
    Result<std::string> body;
    Cure cure = Cure::none;
    bool may_have_happened = false;
  };
  struct Attempt {
    std::size_t endpoint = 0;
    Call call;
  };

  Task<Outcome> attempt(Question question, Attempt attempt);
  Task<Outcome> authenticate(Attempt attempt);
  Task<Outcome> post(Question question, Attempt attempt);
  void leave(std::size_t endpoint);
  bool mend(Cure cure, int& mended);

  Clock& clock_;
  HttpSend http_;
  Settings settings_;
  std::size_t endpoint_ = 0;  // the one that answered last
  std::string token_;
  bool without_token_ = false;  // etcd said that its authentication is off
};

}  // namespace mainstay::etcd
