// The fake durable store: survives everything, forgets what was not durable yet, and sometimes
// keeps it all the same.
#pragma once

#include <deque>
#include <optional>

#include "ports/store.h"
#include "sim/queue.h"
#include "sim/time.h"

namespace mainstay::sim {

class Machine;

class StorePort : public Store {
 public:
  explicit StorePort(Machine& machine) : machine_(machine) {}
  Result<std::optional<Bytes>> load() override;
  Task<Status> save(Bytes document) override;

  // A crash: of the saves under way any number of the first may have become durable, unanswered.
  void daemon_lost();
  const std::optional<Bytes>& durable() const { return durable_; }

 private:
  Machine& machine_;
  std::optional<Bytes> durable_;
  std::deque<Bytes> under_way_;
  WorldTime busy_until_{};
};

}  // namespace mainstay::sim
