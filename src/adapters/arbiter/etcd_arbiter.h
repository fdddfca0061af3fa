// The arbiter in etcd, version 3, over its JSON gateway. Nothing of etcd's leases or clocks is
// used: only transactions, and reads that a majority of its members has confirmed.
#pragma once

#include <string>
#include <vector>

#include "adapters/arbiter/etcd_client.h"
#include "adapters/arbiter/etcd_lineage.h"
#include "adapters/arbiter/etcd_message.h"
#include "ports/arbiter.h"

namespace mainstay::etcd {

class EtcdArbiter final : public Arbiter {
 public:
  // `http` and the clock outlive the arbiter, the arbiter its tasks. Speaks to nobody yet.
  EtcdArbiter(Clock& clock, HttpSend http, Settings settings);

  Task<Result<ArbiterRecord>> read(std::string key, Call call) override;
  Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                   Call call) override;
  // All records of the cluster, by key.
  Task<Result<std::vector<ArbiterEntry>>> list(Call call);
  const Settings& settings() const { return client_.settings(); }

 private:
  Client client_;
  Lineage lineage_;
  std::string folder_;
};

}  // namespace mainstay::etcd
