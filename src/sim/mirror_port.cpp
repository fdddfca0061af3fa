#include "sim/mirror_port.h"

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {
namespace {

constexpr Duration try_pause = 200ms;

}  // namespace

Duration MirrorPort::latency() { return machine_.random().between(1ms, 40ms); }

void MirrorPort::try_promotion(const std::string& mirror, std::uint64_t term,
                               Completion<Result<bool>> promoted) {
  machine_.on_daemon_after(latency(), [this, mirror, term, promoted] {
    if (promoted.is_set()) return;
    const Status tried = machine_.world().copies().promote(mirror, machine_.index(), term);
    if (tried) {
      promoted.set(true);
    } else if (tried.error().code != Code::unavailable) {
      promoted.set(std::unexpected(tried.error()));
    } else {
      machine_.on_daemon_after(try_pause, [this, mirror, term, promoted] {
        if (!promoted.is_set()) try_promotion(mirror, term, promoted);
      });
    }
  });
}

Task<Status> MirrorPort::promote(std::string mirror, std::uint64_t term, Call call) {
  if (!machine_.world().copies().known(mirror, machine_.index())) {
    co_return failure(Code::unavailable, "no engine runs for " + mirror);
  }
  const auto promoted = machine_.pending<bool>(call, Code::outcome_unknown, "the engine");
  if (machine_.daemon_runs()) try_promotion(mirror, term, promoted);
  const Result<bool> result = co_await promoted;
  if (!result) co_return std::unexpected(result.error());
  co_return Status{};
}

Task<Status> MirrorPort::demote(std::string mirror, Demotion, Call call) {
  if (!machine_.world().copies().known(mirror, machine_.index())) {
    co_return failure(Code::unavailable, "no engine runs for " + mirror);
  }
  const auto demoted = machine_.pending<bool>(call, Code::outcome_unknown, "the engine");
  if (machine_.daemon_runs()) {
    machine_.on_daemon_after(latency(), [this, mirror, demoted] {
      machine_.world().copies().demote(mirror, machine_.index());
      demoted.set(true);
    });
  }
  const Result<bool> result = co_await demoted;
  if (!result) co_return std::unexpected(result.error());
  co_return Status{};
}

Task<Result<MirrorStatus>> MirrorPort::status(std::string mirror, Call call) {
  if (!machine_.world().copies().known(mirror, machine_.index())) {
    co_return failure(Code::unavailable, "no engine runs for " + mirror);
  }
  const auto told = machine_.pending<MirrorStatus>(call, Code::timed_out, "the engine");
  if (machine_.daemon_runs()) {
    machine_.on_daemon_after(latency(), [this, mirror, told] {
      told.set(machine_.world().copies().status(mirror, machine_.index()));
    });
  }
  co_return co_await told;
}

Task<Status> MirrorPort::order(std::string, MirrorOrder, Call) {
  co_return failure(Code::invalid, "mirrors of this world take no orders");
}

}  // namespace mainstay::sim
