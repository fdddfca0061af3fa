// Everything of AWS put together for one program: settings, credentials, endpoints, EC2.
#pragma once

#include <memory>

#include "adapters/aws/client.h"
#include "adapters/aws/environment.h"
#include "adapters/aws/metadata.h"
#include "adapters/aws/settings.h"
#include "adapters/http/event_loop.h"
#include "ports/aws.h"
#include "ports/clock.h"

namespace mainstay::aws {

class Connection {
 public:
  // Reads the environment and the profile files; speaks to nobody yet. invalid: one of them is
  // wrong. Clock and loop outlive it; tasks of its parts do not.
  static Result<std::unique_ptr<Connection>> open(Clock& clock, EventLoop& loop,
                                                  Environment environment, Random random);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Aws& aws();
  Metadata& metadata();
  // For the services that come later (Route 53).
  Client& client();
  // A client for a service with words, haste or a place of its own; this outlives it.
  struct Manner {
    FaultParser parse_fault;
    RetryPolicy retry;
    Place place;
    Duration connect_limit = 3s;
  };
  std::unique_ptr<Client> client_for(Manner manner);
  // For whatever else speaks HTTP on this loop.
  HttpSend http();

 private:
  struct Parts;
  explicit Connection(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace mainstay::aws
