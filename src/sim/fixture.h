// For tests of the fakes: a world of machines whose daemons do nothing by themselves.
#pragma once

#include <fmt/format.h>

#include "sim/world.h"

namespace mainstay::sim {

inline Conditions calm_conditions(std::size_t machines, std::size_t paths) {
  Conditions calm;
  calm.machine_count = machines;
  calm.links.resize(paths * machines * machines);
  calm.machines.resize(machines);
  return calm;
}

struct Bench {
  explicit Bench(std::uint64_t seed = 1, std::size_t machines = 2, std::size_t paths = 1)
      : world(setup(seed, machines, paths)) {
    for (std::size_t i = 0; i < machines; ++i) {
      world.machine(i).set_boot_time({1s, 1s});
      world.machine(i).install({.begin = [this, i] { ++begun[i]; }, .end = [] {}});
      world.machine(i).power_on();
    }
    world.run_until(world.now() + 1s);
  }
  static WorldSetup setup(std::uint64_t seed, std::size_t machines, std::size_t paths) {
    WorldSetup result{
        .seed = seed, .machines = {}, .clocks = {}, .calm = calm_conditions(machines, paths)};
    for (std::size_t i = 0; i < machines; ++i) {
      result.machines.emplace_back(fmt::format("{}", static_cast<char>('a' + i)));
      result.clocks.push_back({.offset = 100s, .drift_ppm = 0});
    }
    return result;
  }
  Machine& operator[](std::size_t i) { return world.machine(i); }
  void run(Duration time) { world.run_until(world.now() + time); }
  Call call(std::size_t machine, Duration limit) {
    return {world.machine(machine).now() + limit, {}};
  }

  World world;
  std::map<std::size_t, int> begun;
};

// Holds a task and what became of it.
template <class T>
class Outcome {
 public:
  explicit Outcome(Task<T> task) : task_(keep(std::move(task), result_)) { task_.start(); }
  bool settled() const { return result_->has_value(); }
  const T& value() const { return **result_; }

 private:
  static Task<void> keep(Task<T> task, std::shared_ptr<std::optional<T>> result) {
    result->emplace(co_await std::move(task));
  }
  std::shared_ptr<std::optional<T>> result_ = std::make_shared<std::optional<T>>();
  Task<void> task_;
};
template <class T>
Outcome(Task<T>) -> Outcome<T>;

}  // namespace mainstay::sim
