// From the configuration to the arbiter it names.
#pragma once

#include <memory>

#include "adapters/arbiter/dynamodb_store.h"
#include "adapters/aws/connection.h"
#include "base/result.h"
#include "config/model.h"
#include "ports/arbiter.h"
#include "ports/arbiter_store.h"
#include "ports/clock.h"

namespace mainstay::apps {

// Empty where no arbiter is configured. The members need each other from top to bottom.
struct ArbiterLink {
  std::unique_ptr<aws::Client> client;
  std::unique_ptr<Arbiter> arbiter;
  std::unique_ptr<ArbiterStore> store;
};

dynamodb::Records dynamodb_records(const ClusterConfig& config);

// Asks nobody yet; an error names a file of the configuration that cannot be used. Clock and
// connection outlive it.
Result<ArbiterLink> link_arbiter(const ClusterConfig& config, Clock& clock,
                                 aws::Connection& connection);

}  // namespace mainstay::apps
