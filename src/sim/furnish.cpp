#include "sim/furnish.h"

#include <map>

namespace mainstay::sim {
namespace {

const std::string* text_of(const Params& params, const char* key) {
  const auto found = params.find(key);
  return found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
}

const std::vector<std::string>* list_of(const Params& params, const char* key) {
  const auto found = params.find(key);
  return found == params.end() ? nullptr : std::get_if<std::vector<std::string>>(&found->second);
}

void remember(std::map<std::pair<std::string, std::vector<std::string>>, Conduct>& known,
              const ResourceConfig& resource) {
  for (const auto& [node, params] : resource.params) {
    const std::string* mode = text_of(params, "mode");
    const bool resident = mode != nullptr && *mode == "resident";
    if (const auto* start = list_of(params, "start")) {
      known[{resource.name.value, *start}] = resident ? Conduct::resident : Conduct::starts_service;
    }
    const auto* stop = list_of(params, "stop");
    if (stop != nullptr && !stop->empty()) {
      known[{resource.name.value, *stop}] = Conduct::stops_service;
    }
  }
}

void add_what_is_taken(Region& region, const ResourceConfig& resource) {
  const std::string key = taken_along(resource);
  if (key.empty()) return;
  if (resource.type != "awsvip") return region.add_holding(key);
  for (const char* table : {"rtb-1", "rtb-2", "rtb-3"}) region.add_route(table, key);
}

// What a resource of AWS names of the world is there, under that name.
void name_things(World& world, const ResourceConfig& resource, std::size_t machine,
                 const NodeName& node) {
  const auto params = resource.params.find(node);
  if (!resource.type.starts_with("aws") || params == resource.params.end()) return;
  const auto given = [&](const char* key) {
    const std::string* value = text_of(params->second, key);
    return value == nullptr ? std::string() : *value;
  };
  if (const auto vpc = given("vpc_id"); !vpc.empty()) world.region().set_vpc(vpc);
  if (const auto eni = given("eni_id"); !eni.empty()) world.region().set_eni(machine, eni);
  if (const auto name = given("interface"); !name.empty()) {
    world.machine(machine).host().also_called(name);
  }
}

// The copies of a mirror are on the two nodes of its group.
void add_mirrors(World& world, const ClusterConfig& config) {
  const bool record = config.arbitration.arbiter.kind != ArbiterKind::none;
  for (const auto& group : config.groups) {
    if (group.policy.size() != 2) continue;
    for (const auto& resource : group.resources) {
      if (resource.type != "md") continue;
      world.copies().add(resource.name.value,
                         {world.index_of(group.policy[0]), world.index_of(group.policy[1])},
                         record);
    }
  }
}

}  // namespace

std::string held_address(const ResourceConfig& resource) {
  const bool holds = resource.type == "awsvip" || resource.type == "awssip";
  if (!holds || resource.params.empty()) return "";
  const std::string* ip = text_of(resource.params.begin()->second, "ip");
  return ip == nullptr ? "" : *ip;
}

std::string taken_along(const ResourceConfig& resource) {
  static const std::map<std::string_view, const char*> keys = {
      {"awsvip", "ip"}, {"awseip", "allocation_id"}, {"awssip", "ip"}, {"awsdns", "record_name"}};
  const auto key = keys.find(resource.type);
  if (key == keys.end() || resource.params.empty()) return "";
  const std::string* value = text_of(resource.params.begin()->second, key->second);
  if (value == nullptr) return "";
  return resource.type == "awsvip" ? host_route(*value) : *value;
}

std::string leads_there(const World& world, const ResourceConfig& resource, std::size_t machine) {
  if (resource.type != "awsdns") return world.region().eni_of(machine);
  const auto params = resource.params.find(world.machine(machine).name());
  const auto* ip = params == resource.params.end() ? nullptr : text_of(params->second, "ip");
  return ip == nullptr ? "" : *ip;
}

std::string host_route(const std::string& address) {
  return address + (address.find(':') == std::string::npos ? "/32" : "/128");
}

WorldSetup setup_of(const Environment& environment, std::uint64_t seed) {
  WorldSetup setup{
      .seed = seed, .machines = {}, .clocks = environment.clocks, .calm = environment.calm};
  for (const auto& node : environment.config->nodes) setup.machines.push_back(node.name);
  return setup;
}

void furnish(World& world, const Environment& environment) {
  const ClusterConfig& config = *environment.config;
  for (std::size_t path = 0; path < config.paths.size(); ++path) {
    for (std::size_t i = 0; i < config.nodes.size(); ++i) {
      const auto address = config.paths[path].addresses.find(config.nodes[i].name);
      if (address == config.paths[path].addresses.end()) continue;
      world.region().place(address->second, static_cast<PathIndex>(path), i);
    }
  }
  for (const char* table : {"rtb-1", "rtb-2", "rtb-3"}) world.region().add_table(table);
  for (const auto& group : config.groups) {
    for (const auto& resource : group.resources) add_what_is_taken(world.region(), resource);
  }
  for (std::size_t i = 0; i < config.nodes.size(); ++i) {
    const NodeConfig& node = config.nodes[i];
    if (!node.instance.empty()) world.region().set_instance(i, node.instance);
    for (const auto& group : config.groups) {
      for (const auto& resource : group.resources) name_things(world, resource, i, node.name);
    }
  }
  add_mirrors(world, config);
  const auto judge = judge_of(config);
  for (std::size_t i = 0; i < world.size(); ++i) {
    world.machine(i).process().judge_by(judge);
    world.machine(i).set_boot_time(environment.boot_time);
    world.machine(i).set_return_time(environment.return_time);
  }
}

std::function<Conduct(const Program&)> judge_of(const ClusterConfig& config) {
  auto known =
      std::make_shared<std::map<std::pair<std::string, std::vector<std::string>>, Conduct>>();
  for (const auto& group : config.groups) {
    for (const auto& resource : group.resources) remember(*known, resource);
  }
  return [known](const Program& program) {
    const auto found = known->find({program.family, program.argv});
    return found == known->end() ? Conduct::passes : found->second;
  };
}

}  // namespace mainstay::sim
