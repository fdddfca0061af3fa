// etcd as an administrator sees it.
#pragma once

#include "adapters/arbiter/etcd_arbiter.h"
#include "ports/arbiter_store.h"

namespace mainstay::etcd {

class EtcdStore final : public ArbiterStore {
 public:
  // The arbiter outlives the store.
  explicit EtcdStore(EtcdArbiter& arbiter) : arbiter_(arbiter) {}

  // etcd needs nothing made first: it is ready if a majority of its members lets us read.
  Task<Result<ArbiterStoreState>> describe(Call call) override;
  Task<Result<std::vector<ArbiterEntry>>> list(Call call) override { return arbiter_.list(call); }

 private:
  EtcdArbiter& arbiter_;
};

}  // namespace mainstay::etcd
