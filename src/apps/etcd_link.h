// From the configuration to the arbiter in etcd.
#pragma once

#include <memory>

#include "adapters/arbiter/etcd_arbiter.h"
#include "adapters/http/http.h"
#include "config/model.h"
#include "ports/clock.h"

namespace mainstay::apps {

// Reads the files that the configuration names; speaks to nobody yet. An error names the file and
// what it is for. Clock and `http` outlive the arbiter.
Result<std::unique_ptr<etcd::EtcdArbiter>> link_etcd(const ClusterConfig& config, Clock& clock,
                                                     HttpSend http);

}  // namespace mainstay::apps
