// The Network port of one node.
#include "adapters/linux/network.h"

namespace mainstay::adapters {
namespace {

Status check_config(const NetworkConfig& config) {
  const auto self = config.nodes.find(config.self);
  if (self == config.nodes.end()) {
    return failure(Code::invalid, fmt::format("node {} is not among the nodes", config.self));
  }
  for (const auto& [name, addresses] : config.nodes) {
    if (addresses.size() != self->second.size() || addresses.empty()) {
      return failure(Code::invalid,
                     fmt::format("node {} has {} addresses, node {} has {}; each node needs one "
                                 "per path",
                                 name, addresses.size(), config.self, self->second.size()));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<LinuxNetwork>> LinuxNetwork::open(Loop& loop, const NetworkConfig& config) {
  if (auto checked = check_config(config); !checked) return std::unexpected(checked.error());
  std::unique_ptr<LinuxNetwork> network(new LinuxNetwork);
  auto udp = UdpNetwork::open(loop, config);
  if (!udp) return std::unexpected(udp.error());
  network->udp_ = std::move(*udp);
  auto tcp = TcpNetwork::open(
      loop, config, [&loop, udp = network->udp_.get()](const NodeName& peer, PathIndex path) {
        const Instant heard = udp->heard_at(peer, path);
        return heard != Instant::min() && loop.now() - heard < path_fresh;
      });
  if (!tcp) return std::unexpected(tcp.error());
  network->tcp_ = std::move(*tcp);
  return network;
}

void LinuxNetwork::listen(Handler handler) {
  udp_->listen(std::move(handler.on_datagram));
  tcp_->listen(std::move(handler.on_message));
}

void LinuxNetwork::send_datagram(const NodeName& to, PathIndex path, ByteView payload) {
  udp_->send(to, path, payload);
}

void LinuxNetwork::send_message(const NodeName& to, ByteView message) { tcp_->send(to, message); }

}  // namespace mainstay::adapters
