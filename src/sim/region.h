// The AWS region outside the machines: one VPC, its route tables, who is attached where, and the
// past that a describe may still show.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/aws.h"
#include "ports/network.h"
#include "sim/time.h"

namespace mainstay::sim {

class World;

class Region {
 public:
  explicit Region(World& world) : world_(world) {}

  // ---- What the world is furnished with, before it begins.
  void set_cidrs(std::vector<std::string> cidrs) { cidrs_ = std::move(cidrs); }
  void set_vpc(std::string id) { vpc_ = std::move(id); }
  void set_eni(std::size_t machine, std::string id) { enis_[machine] = std::move(id); }
  void set_instance(std::size_t machine, std::string id) { instances_[machine] = std::move(id); }
  const std::string& vpc() const { return vpc_; }
  void add_table(std::string id);
  // The table gets a route to the destination, led to nowhere.
  void add_route(const std::string& table, const std::string& destination);
  // Something that leads to one place at a time: an Elastic IP address by its allocation, and a
  // secondary private address by itself, to an ENI; a DNS name to an address. At first, nowhere.
  void add_holding(const std::string& key);
  void set_zone(const std::string& name, ZoneState state) { zones_[name] = state; }
  // That this address belongs to this machine on this path.
  void place(const std::string& address, PathIndex path, std::size_t machine);
  // Outside addresses answer unless they are silenced.
  void silence(const std::string& address, bool silent);

  // ---- Names.
  std::string instance_of(std::size_t machine) const;
  std::string eni_of(std::size_t machine) const;
  std::string mac(std::size_t machine) const;
  std::string own_address(std::size_t machine) const;
  std::optional<std::pair<PathIndex, std::size_t>> place_of(const std::string& address) const;
  bool answers(const std::string& address) const { return !silent_.contains(address); }

  // ---- The truth, for checkers: where each table that knows the destination leads. Of a holding:
  // who has it, under its own name.
  std::map<std::string, std::string> leads_to(const std::string& destination) const;
  // When each of them was changed last.
  std::map<std::string, WorldTime> changed_at(const std::string& destination) const;
  // For scenarios: a hand from outside changes a route, or gives a holding to somebody else.
  void give(const std::string& key, const std::string& eni);
  void point(const std::string& table, const std::string& destination, const std::string& eni);

  // ---- What the API says, as of `when` (the past, within the staleness).
  std::vector<AwsRouteTable> tables(WorldTime when) const;
  AwsInterface interface(std::size_t machine) const;
  AwsIdentity identity(std::size_t machine) const;
  const std::vector<std::string>& cidrs() const { return cidrs_; }
  // Where it led then; nullopt if there is no such thing.
  struct Holding {
    std::string target;
    std::string number;  // of this turn
  };
  std::optional<Holding> holding(const std::string& key, WorldTime when) const;
  // The secondary private addresses it had then.
  std::vector<std::string> secondary_ips(const std::string& eni, WorldTime when) const;
  std::optional<ZoneState> zone_state(const std::string& name) const;
  Status replace(const std::string& table, const std::string& destination, const std::string& eni);
  std::optional<std::size_t> machine_of_eni(const std::string& eni) const;
  std::optional<std::size_t> machine_of_instance(const std::string& instance) const;
  // What AWS believes of it. A machine that goes down by itself is still "running".
  AwsInstance instance(std::size_t machine, WorldTime when) const;
  // A stop was accepted: it takes effect after a while. Somebody starts it again, unless start() is
  // called before.
  // conflict: it is protected.
  Status stop(std::size_t machine, Duration takes, Duration returns_after);
  void protect(std::size_t machine, bool on);
  Status start(std::size_t machine);
  // Whoever switched it on: it is no stopped instance any more.
  void on_power(std::size_t machine);

 private:
  struct Life {
    WorldTime since{};
    InstanceState state = InstanceState::running;
    WorldTime launched{};
  };
  Life life_of(std::size_t machine, WorldTime when) const;
  void live(std::size_t machine, InstanceState state);

  struct Route {
    std::vector<std::pair<WorldTime, std::string>> history;  // since when, to which ENI
    std::uint64_t changes = 0;
  };

  void change(Route& route, const std::string& eni);
  static const std::string& target(const Route& route, WorldTime when);

  World& world_;
  std::vector<std::string> cidrs_{"198.18.0.0/16"};
  std::string vpc_ = "vpc-1";
  std::map<std::size_t, std::string> enis_;
  std::map<std::size_t, std::string> instances_;
  std::set<std::size_t> protected_;
  std::map<std::string, std::map<std::string, Route>> tables_;
  std::map<std::string, Route> holdings_;
  std::map<std::string, ZoneState> zones_;
  std::map<std::string, std::pair<PathIndex, std::size_t>> places_;
  std::map<std::string, bool> silent_;
  std::map<std::size_t, std::vector<Life>> lives_;  // the past, oldest first
};

}  // namespace mainstay::sim
