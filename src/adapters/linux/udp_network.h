// Heartbeat datagrams: one UDP socket per path, bound to this node's own address of that path.
//
// Sealing and replay are datagram.h's; here are sockets and counters. Nothing waits: what the
// kernel does not take at once is dropped and counted.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "adapters/linux/address.h"
#include "adapters/linux/datagram.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/network_config.h"
#include "posix/fd.h"

namespace mainstay::adapters {

class UdpNetwork {
 public:
  using OnDatagram = std::function<void(const NodeName& from, PathIndex path, ByteView payload)>;

  // Opens and binds the sockets; an error names the path's address.
  static Result<std::unique_ptr<UdpNetwork>> open(Loop& loop, const NetworkConfig& config);
  ~UdpNetwork();
  UdpNetwork(const UdpNetwork&) = delete;
  UdpNetwork& operator=(const UdpNetwork&) = delete;

  void listen(OnDatagram on_datagram) { on_datagram_ = std::move(on_datagram); }
  void send(const NodeName& to, PathIndex path, ByteView payload);

  const DropCounts& drops() const { return drops_; }
  // Datagrams the kernel did not take: no route, no room.
  std::uint64_t sends_failed() const { return sends_failed_; }
  // When a datagram of this peer was last delivered on this path; Instant::min() if never.
  Instant heard_at(const NodeName& peer, PathIndex path) const;

 private:
  UdpNetwork(Loop& loop, const NetworkConfig& config);
  Status open_path(const IpAddress& own);
  void send_wire(const NodeName& to, PathIndex path, ByteView wire);
  void receive(PathIndex path);
  void take(PathIndex path, ByteView wire);

  Loop& loop_;
  std::uint16_t port_;
  DatagramCodec codec_;
  std::vector<Fd> sockets_;  // by PathIndex
  std::map<NodeName, std::vector<SocketAddress>> addresses_;
  std::map<std::pair<NodeName, PathIndex>, Instant> heard_at_;
  OnDatagram on_datagram_;
  DropCounts drops_{};
  std::uint64_t sends_failed_ = 0;
  Bytes buffer_;
};

}  // namespace mainstay::adapters
