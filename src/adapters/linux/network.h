// The Network port: heartbeat datagrams and control messages of one node.
#pragma once

#include <memory>

#include "adapters/linux/network_config.h"
#include "adapters/linux/tcp_network.h"
#include "adapters/linux/udp_network.h"
#include "ports/network.h"

namespace mainstay::adapters {

// A path counts as working for so long after a heartbeat was heard on it.
inline constexpr Duration path_fresh = 2s;

class LinuxNetwork : public Network {
 public:
  // Opens all sockets. invalid: the configuration contradicts itself.
  static Result<std::unique_ptr<LinuxNetwork>> open(Loop& loop, const NetworkConfig& config);

  void listen(Handler handler) override;
  void send_datagram(const NodeName& to, PathIndex path, ByteView payload) override;
  void send_message(const NodeName& to, ByteView message) override;

  // Datagrams that were not delivered, by reason.
  const DropCounts& datagrams_dropped() const { return udp_->drops(); }
  std::uint64_t datagrams_not_sent() const { return udp_->sends_failed(); }
  const StreamCounts& stream_counts() const { return tcp_->counts(); }
  // Why this peer cannot be reached with control messages; "" if it can, or was not tried.
  std::string problem(const NodeName& peer) const { return tcp_->problem(peer); }

 private:
  LinuxNetwork() = default;

  std::unique_ptr<UdpNetwork> udp_;
  std::unique_ptr<TcpNetwork> tcp_;
};

}  // namespace mainstay::adapters
