// A world in which a given configuration finds what it names: addresses, route tables, scripts.
#pragma once

#include <string>

#include "config/model.h"
#include "ports/process.h"
#include "sim/environment.h"
#include "sim/process.h"
#include "sim/world.h"

namespace mainstay::sim {

// The address that a resource puts on its node's interface; "" for types that put none there.
std::string held_address(const ResourceConfig& resource);
// What a resource takes along with its group: the destination of routes of an awsvip, the
// allocation of an awseip, the address of an awssip, the name of an awsdns; "" for other types.
std::string taken_along(const ResourceConfig& resource);
// Where that leads while the resource is active on this machine.
std::string leads_there(const World& world, const ResourceConfig& resource, std::size_t machine);
// "10.1.0.20/32".
std::string host_route(const std::string& address);

WorldSetup setup_of(const Environment& environment, std::uint64_t seed);
void furnish(World& world, const Environment& environment);

// What a program of this configuration does.
std::function<Conduct(const Program&)> judge_of(const ClusterConfig& config);

}  // namespace mainstay::sim
