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

Catalog small_catalog();

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

std::vector<std::string> problems_of(const std::string& text);

ClusterConfig valid(std::string_view text);

}  // namespace mainstay::testing
