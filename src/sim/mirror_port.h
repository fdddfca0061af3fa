// One machine's engines and mounts, as its daemon sees them. Engines run while the machine does.
#pragma once

#include "ports/mirror.h"
#include "ports/mounts.h"

namespace mainstay::sim {

class Machine;

class MirrorPort : public Mirror {
 public:
  explicit MirrorPort(Machine& machine) : machine_(machine) {}
  Task<Status> promote(std::string mirror, std::uint64_t term, Call call) override;
  Task<Status> demote(std::string mirror, Demotion how, Call call) override;
  Task<Result<MirrorStatus>> status(std::string mirror, Call call) override;
  Task<Status> order(std::string mirror, MirrorOrder order, Call call) override;

 private:
  void try_promotion(const std::string& mirror, std::uint64_t term,
                     Completion<Result<bool>> promoted);
  Duration latency();

  Machine& machine_;
};

// Mirrors in this world have no file system: nothing is ever mounted.
class MountsPort : public Mounts {
 public:
  Result<std::optional<MountEntry>> mounted_at(const std::string&) override { return std::nullopt; }
  Task<Result<std::vector<MountHolder>>> holders(std::string, Call) override {
    co_return std::vector<MountHolder>{};
  }
  Task<Result<std::size_t>> end_holders(std::string, Force, Call) override {
    co_return std::size_t{0};
  }
};

}  // namespace mainstay::sim
