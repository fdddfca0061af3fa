#include "sim/store.h"

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

Result<std::optional<Bytes>> StorePort::load() {
  if (machine_.conditions().store.unreadable)
    return failure(Code::corrupt, "the node's state does not check out");
  return durable_;
}

Task<Status> StorePort::save(Bytes document) {
  MAINSTAY_CHECK(document.size() <= store_size_max);
  Completion<Status> done;
  if (!machine_.daemon_runs()) co_return co_await done;
  const StoreConditions& rates = machine_.conditions().store;
  World& world = machine_.world();
  busy_until_ = std::max(busy_until_, world.now()) + rates.delay.draw(machine_.random());
  if (rates.fail > 0 && machine_.random().chance(rates.fail)) {
    machine_.on_daemon(busy_until_,
                       [done] { done.set(failure(Code::unavailable, "the disk says no")); });
    co_return co_await done;
  }
  under_way_.push_back(std::move(document));
  machine_.on_daemon(busy_until_, [this, done] {
    durable_ = std::move(under_way_.front());
    under_way_.pop_front();
    done.set(Status{});
  });
  co_return co_await done;
}

void StorePort::daemon_lost() {
  // A torn document is noticed and the one before it counts, so tearing is the same as not writing.
  while (!under_way_.empty() && machine_.random().chance(0.5)) {
    durable_ = std::move(under_way_.front());
    under_way_.pop_front();
  }
  under_way_.clear();
  busy_until_ = WorldTime{};
}

}  // namespace mainstay::sim
