// What becomes of instances because of calls, and what AWS says of them.
#include <fmt/format.h>

#include <thread>

#include "lab/world.h"

namespace mainstay::lab {

void World::set_state(const std::string& instance, InstanceState state) {
  const std::lock_guard lock(mutex_);
  Model next = model_;
  const auto found = std::ranges::find(next.instances, instance, &Instance::name);
  if (found == next.instances.end() || found->state == state) return;
  // A stop leaves the launch time as it was: by it a caller tells the run it stopped from the next.
  if (found->state == InstanceState::stopped) found->launched_ms = wall_clock_ms();
  found->state = state;
  (void)commit(std::move(next), "instance state");  // States alone change nothing in the kernel.
}

void World::on_life(const std::string& instance, Life life, bool own_will) {
  if (life == Life::running) set_state(instance, InstanceState::running);
  if (life != Life::off) return;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    const Instance* one = find_instance_named(model_, instance);
    stopping = one != nullptr && one->state == InstanceState::stopping;
  }
  // An instance that dies on its own is still "running" to AWS.
  if (stopping || own_will) set_state(instance, InstanceState::stopped);
}

bool World::await_stop(const std::string& instance) {
  std::unique_lock lock(mutex_);
  if (stop_delay_ > Duration{}) changed_.wait_for(lock, stop_delay_, [this] { return ending_; });
  const Instance* one = find_instance_named(model_, instance);
  return one != nullptr && one->state == InstanceState::stopping;
}

void World::order_stop(const std::string& instance, bool force) {
  if (!await_stop(instance)) return;
  const Life life = instances_->status()[instance].life;
  Status done;
  if (life == Life::off) {
    set_state(instance, InstanceState::stopped);
    return;
  }
  if (!force && life == Life::running) {
    done = instances_->shut_down(instance);
  } else {
    done = instances_->kill(instance);
  }
  if (!done) events_.add("lab", "stop: " + done.error().message);
}

void World::order_reboot(const std::string& instance) {
  const Life life = instances_->status()[instance].life;
  const Status done = life == Life::off ? instances_->boot(instance)
                                        : instances_->reboot(instance, life != Life::running);
  if (!done) events_.add("lab", "reboot: " + done.error().message);
}

void World::run_order(const InstanceOrder& order) {
  switch (order.what) {
    case InstanceOrder::What::stop:
      return order_stop(order.instance, false);
    case InstanceOrder::What::force_stop:
      return order_stop(order.instance, true);
    case InstanceOrder::What::reboot:
      return order_reboot(order.instance);
    case InstanceOrder::What::start:
      break;
  }
  if (auto done = instances_->boot(order.instance); !done) {
    events_.add("lab", "start: " + done.error().message);
  }
}

void World::carry_out(const InstanceOrder& order) {
  const std::lock_guard lock(mutex_);
  if (ending_ || orders_running_ >= orders_max) {
    events_.add("lab",
                fmt::format("{}: an order was dropped, there were too many", order.instance));
    return;
  }
  ++orders_running_;
  std::thread([this, order] {
    run_order(order);
    const std::lock_guard inner(mutex_);
    --orders_running_;
    changed_.notify_all();
  }).detach();  // Counted; the destructor waits for all of them.
}

}  // namespace mainstay::lab
