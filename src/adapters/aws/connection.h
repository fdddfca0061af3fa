// Everything of AWS put together for one program: settings, credentials, endpoints, EC2.
#pragma once

#include <memory>

#include "adapters/aws/client.h"
#include "adapters/aws/environment.h"
#include "adapters/aws/metadata.h"
#include "adapters/aws/settings.h"
#include "adapters/http/event_loop.h"
#include "ports/aws.h"
#include "ports/aws_survey.h"
#include "ports/clock.h"

namespace mainstay::aws {

// Who asks EC2: this process, or the AWS CLI.
enum class Backend { native, cli };

class Connection {
 public:
  // Reads the environment and the profile files; speaks to nobody yet. invalid: one of them is
  // wrong. Clock and loop outlive it; tasks of its parts do not.
  static Result<std::unique_ptr<Connection>> open(Clock& clock, EventLoop& loop,
                                                  Environment environment, Random random,
                                                  Backend backend = Backend::native);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Aws& aws();
  AwsSurvey& survey();
  // The same with the rights of a role, which is taken on when it is first needed and kept.
  Aws& aws_as(const std::string& role_arn);
  AwsSurvey& survey_as(const std::string& role_arn);
  Metadata& metadata();
  Client& client();
  // A client for a service with words, haste or a place of its own; this outlives it.
  struct Manner {
    FaultParser parse_fault;
    RetryPolicy retry;
    Place place;
    Duration connect_limit = 3s;
    Backend backend = Backend::native;
  };
  std::unique_ptr<Client> client_for(Manner manner);
  // A call is likely soon: gets credentials and a connection to EC2 ready meanwhile. Waits for
  // nothing, and leaves it to the call to tell what is wrong.
  void warm();
  bool is_warming() const;
  // For whatever else speaks HTTP on this loop.
  HttpSend http();

 private:
  struct Parts;
  explicit Connection(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace mainstay::aws
