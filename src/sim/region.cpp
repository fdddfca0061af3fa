#include "sim/region.h"

#include <fmt/format.h>

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {
namespace {

constexpr std::size_t history_max = 16;

}  // namespace

void Region::add_table(std::string id) { tables_.try_emplace(std::move(id)); }

void Region::add_route(const std::string& table, const std::string& destination) {
  tables_[table][destination].history = {{WorldTime{}, ""}};
}

void Region::add_holding(const std::string& key) { holdings_[key].history = {{WorldTime{}, ""}}; }

void Region::place(const std::string& address, PathIndex path, std::size_t machine) {
  places_[address] = {path, machine};
}

void Region::silence(const std::string& address, bool silent) {
  if (silent) {
    silent_[address] = true;
  } else {
    silent_.erase(address);
  }
}

std::string Region::instance_of(std::size_t machine) const {
  const auto named = instances_.find(machine);
  return named != instances_.end() ? named->second : fmt::format("i-{:017x}", machine + 1);
}

std::string Region::eni_of(std::size_t machine) const {
  const auto named = enis_.find(machine);
  return named != enis_.end() ? named->second : fmt::format("eni-{:017x}", machine + 1);
}

std::string Region::mac(std::size_t machine) const {
  return fmt::format("02:00:00:00:00:{:02x}", machine + 1);
}

std::string Region::own_address(std::size_t machine) const {
  for (const auto& [address, where] : places_) {
    if (where.first == 0 && where.second == machine) return address;
  }
  return fmt::format("10.0.{}.10", machine + 1);
}

std::optional<std::pair<PathIndex, std::size_t>> Region::place_of(
    const std::string& address) const {
  const auto found = places_.find(address);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

std::map<std::string, std::string> Region::leads_to(const std::string& destination) const {
  std::map<std::string, std::string> owners;
  for (const auto& [id, routes] : tables_) {
    const auto route = routes.find(destination);
    if (route != routes.end()) owners[id] = route->second.history.back().second;
  }
  const auto held = holdings_.find(destination);
  if (held != holdings_.end()) owners[destination] = held->second.history.back().second;
  return owners;
}

std::map<std::string, WorldTime> Region::changed_at(const std::string& destination) const {
  std::map<std::string, WorldTime> times;
  for (const auto& [id, routes] : tables_) {
    const auto route = routes.find(destination);
    if (route != routes.end()) times[id] = route->second.history.back().first;
  }
  const auto held = holdings_.find(destination);
  if (held != holdings_.end()) times[destination] = held->second.history.back().first;
  return times;
}

void Region::point(const std::string& table, const std::string& destination,
                   const std::string& eni) {
  change(tables_.at(table).at(destination), eni);
  world_.saw({Sight::route_changed, 0, destination});
}

void Region::give(const std::string& key, const std::string& eni) {
  change(holdings_.at(key), eni);
  world_.saw({Sight::route_changed, 0, key});
}

void Region::change(Route& route, const std::string& eni) {
  ++route.changes;
  route.history.emplace_back(world_.now(), eni);
  if (route.history.size() > history_max) route.history.erase(route.history.begin());
}

const std::string& Region::target(const Route& route, WorldTime when) {
  const std::string* eni = &route.history.front().second;
  for (const auto& [since, held_by] : route.history) {
    if (since <= when) eni = &held_by;
  }
  return *eni;
}

std::optional<Region::Holding> Region::holding(const std::string& key, WorldTime when) const {
  const auto found = holdings_.find(key);
  if (found == holdings_.end()) return std::nullopt;
  const Route& route = found->second;
  std::uint64_t number = route.changes - (route.history.size() - 1);
  for (std::size_t i = 1; i < route.history.size(); ++i) {
    if (route.history[i].first <= when) ++number;
  }
  return Holding{target(route, when), fmt::format("{}-{}", key, number)};
}

std::vector<std::string> Region::secondary_ips(const std::string& eni, WorldTime when) const {
  std::vector<std::string> addresses;
  for (const auto& [key, route] : holdings_) {
    if (target(route, when) == eni) addresses.push_back(key);
  }
  return addresses;
}

std::optional<ZoneState> Region::zone_state(const std::string& name) const {
  const auto set = zones_.find(name);
  if (set != zones_.end()) return set->second;
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (interface(i).zone == name) return ZoneState::available;
  }
  return std::nullopt;
}

std::vector<AwsRouteTable> Region::tables(WorldTime when) const {
  std::vector<AwsRouteTable> list;
  for (const auto& [id, routes] : tables_) {
    AwsRouteTable table{.id = id, .name = id, .main = list.empty(), .subnets = {}, .routes = {}};
    table.subnets.push_back("subnet-" + id);
    for (const auto& cidr : cidrs_) table.routes.push_back({cidr, "", "local", true});
    for (const auto& [destination, route] : routes) {
      const std::string& eni = target(route, when);
      const auto holder = machine_of_eni(eni);
      const bool active = holder && world_.machine(*holder).powered();
      table.routes.push_back({destination, eni, "", active});
    }
    list.push_back(std::move(table));
  }
  return list;
}

AwsInterface Region::interface(std::size_t machine) const {
  return {.id = eni_of(machine),
          .mac = mac(machine),
          .vpc = vpc_,
          .subnet = fmt::format("subnet-{}", machine + 1),
          .zone = fmt::format("az-{}", machine + 1),
          .instance = instance_of(machine),
          .private_ip = own_address(machine),
          .source_dest_check = false};
}

AwsIdentity Region::identity(std::size_t machine) const {
  return {.instance = instance_of(machine),
          .region = "sim-1",
          .zone = fmt::format("az-{}", machine + 1),
          .interfaces = {interface(machine)}};
}

Status Region::replace(const std::string& table, const std::string& destination,
                       const std::string& eni) {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return failure(Code::not_found, "no route table " + table);
  if (!found->second.contains(destination)) {
    return failure(Code::not_found, table + " has no route to " + destination);
  }
  if (!machine_of_eni(eni)) return failure(Code::not_found, "no network interface " + eni);
  point(table, destination, eni);
  return {};
}

std::optional<std::size_t> Region::machine_of_eni(const std::string& eni) const {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (eni_of(i) == eni) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Region::machine_of_instance(const std::string& instance) const {
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (instance_of(i) == instance) return i;
  }
  return std::nullopt;
}

Region::Life Region::life_of(std::size_t machine, WorldTime when) const {
  Life life;
  const auto found = lives_.find(machine);
  if (found == lives_.end()) return life;
  for (const Life& each : found->second) {
    if (each.since <= when) life = each;
  }
  return life;
}

void Region::live(std::size_t machine, InstanceState state) {
  Life life = life_of(machine, world_.now());
  const bool starts = life.state == InstanceState::stopped;
  life.since = world_.now();
  life.state = state;
  if (starts) life.launched = world_.now();
  auto& history = lives_[machine];
  history.push_back(life);
  if (history.size() > history_max) history.erase(history.begin());
}

AwsInstance Region::instance(std::size_t machine, WorldTime when) const {
  const Life life = life_of(machine, when);
  AwsInstance instance{.id = instance_of(machine),
                       .state = life.state,
                       .launched = fmt::format("{:018}", life.launched.time_since_epoch().count()),
                       .addresses = {}};
  for (const auto& [address, where] : places_) {
    if (where.second == machine) instance.addresses.push_back(address);
  }
  return instance;
}

void Region::protect(std::size_t machine, bool on) {
  if (on) {
    protected_.insert(machine);
  } else {
    protected_.erase(machine);
  }
}

Status Region::stop(std::size_t machine, Duration takes, Duration returns_after) {
  if (protected_.contains(machine)) {
    return failure(Code::conflict, instance_of(machine) + " may not be stopped");
  }
  if (life_of(machine, world_.now()).state != InstanceState::running) return {};
  live(machine, InstanceState::stopping);
  world_.after(takes, [this, machine, returns_after] {
    live(machine, InstanceState::stopped);
    world_.machine(machine).reset(returns_after);
  });
  return {};
}

Status Region::start(std::size_t machine) {
  const InstanceState state = life_of(machine, world_.now()).state;
  if (state == InstanceState::stopping) {
    return failure(Code::conflict, instance_of(machine) + " is still stopping");
  }
  if (state == InstanceState::stopped) world_.machine(machine).power_on();
  return {};
}

void Region::on_power(std::size_t machine) {
  if (life_of(machine, world_.now()).state == InstanceState::stopped) {
    live(machine, InstanceState::running);
  }
}

}  // namespace mainstay::sim
