// A small catalog and a valid two-node document for the tests of this folder.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/ip_address.h"
#include "config/parse.h"

namespace mainstay::testing {

struct AddressConfig {
  std::string ip;
  std::string eni_id;
  Duration patience = 5s;
};

struct ProgramConfig {
  std::vector<std::string> start;
  bool stays = false;
  int port = 0;
  double share = 0.5;
};

struct PingerConfig {
  std::vector<std::string> addresses;
};

inline Catalog small_catalog() {
  Catalog catalog;
  TypeSchema address;
  address.type = "addr";
  address.fields = {
      field(&AddressConfig::ip, "ip")
          .help("The address.")
          .required()
          .unique()
          .format(TextFormat::ip),
      field(&AddressConfig::eni_id, "eni_id")
          .help("The interface.")
          .required()
          .per_node()
          .format(TextFormat::eni_id),
      field(&AddressConfig::patience, "patience").range(1s, 10s),
  };
  address.check = CheckSchema{};
  address.check->type = "addrw";
  address.check->interval = 45s;
  address.laws = [](const Params& params) -> std::vector<Contradiction> {
    const auto ip = ip_number(std::get<std::string>(params.at("ip")));
    if (!ip || kind_of(*ip) == IpKind::unicast) return {};
    return {{"ip", "this cannot be an address of a service", "Choose another."}};
  };
  TypeSchema program;
  program.type = "prog";
  program.fields = {
      field(&ProgramConfig::start, "start").help("What to run.").required(),
      field(&ProgramConfig::stays, "stays"),
      field(&ProgramConfig::port, "port").range(0, 65535),
      field(&ProgramConfig::share, "share").range(0.0, 1.0),
  };
  program.check = CheckSchema{};
  program.check->type = "progw";
  program.check->applies = [](const Params& params) { return std::get<bool>(params.at("stays")); };
  catalog.resources = {address, program};
  TypeSchema pinger;
  pinger.type = "pinger";
  pinger.fields = {field(&PingerConfig::addresses, "addresses")
                       .help("Whom to ping.")
                       .required()
                       .format(TextFormat::ip)};
  catalog.monitors = {pinger};
  return catalog;
}

inline constexpr std::string_view small_document = R"(name = "cluster1"

[[node]]
name = "server1"
[[node]]
name = "server2"

[[path]]
name = "lan"
address = { server1 = "10.0.1.10", server2 = "10.0.2.10" }

[timing]
heartbeat_interval = "200ms"

[arbitration]
isolation_action = "shut_down"
[[arbitration.reachability]]
name = "gateway"
targets = ["10.0.0.1"]

[[group]]
name = "failover1"

[[resource]]
name = "addr1"
type = "addr"
group = "failover1"
ip = "10.1.0.20"
[resource.node.server1]
eni_id = "eni-00000001"
[resource.node.server2]
eni_id = "eni-00000002"
patience = "7s"

[[resource]]
name = "web"
type = "prog"
depends_on = ["addr1"]
start = "/opt/web"

[[monitor]]
name = "pinger1"
type = "pinger"
addresses = ["10.0.0.1"]
[monitor.recovery]
target = "local"
final_action = "shut_down"
)";

// The document with one part of it replaced.
inline std::string edited(std::string_view from, std::string_view to,
                          std::string_view document = small_document) {
  std::string text(document);
  const auto at = text.find(from);
  if (at == std::string::npos)
    throw std::invalid_argument("not in the document: " + std::string(from));
  return text.replace(at, from.size(), to);
}

inline std::vector<std::string> problems_of(const std::string& text) {
  const auto config = parse_config(text, small_catalog());
  std::vector<std::string> texts;
  if (config) return texts;
  for (const Problem& problem : config.error()) texts.push_back(to_text(problem, "cluster.toml"));
  return texts;
}

inline ClusterConfig valid(std::string_view text) {
  const auto config = parse_config(text, small_catalog());
  if (!config) throw std::invalid_argument(to_text(config.error().front(), "cluster.toml"));
  return *config;
}

}  // namespace mainstay::testing
