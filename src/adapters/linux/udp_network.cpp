// Heartbeat datagrams over UDP sockets.
#include "adapters/linux/udp_network.h"

#include <netinet/in.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::adapters {
namespace {

// One wake-up takes at most this many datagrams of a path; a flood does not starve the rest.
constexpr int datagrams_per_turn_max = 32;
// A burst of full-sized datagrams of all peers fits while the loop is busy.
constexpr int receive_buffer_size = 1024 * 1024;

std::vector<NodeName> names_of(const NetworkConfig& config) {
  std::vector<NodeName> names;
  for (const auto& [name, addresses] : config.nodes) names.push_back(name);
  return names;
}

DatagramCodec::Identity identity_of(const NetworkConfig& config) {
  return {.cluster = config.cluster,
          .self = config.self,
          .key = config.key,
          .peers = names_of(config),
          .paths = static_cast<PathIndex>(config.nodes.at(config.self).size())};
}

Status set_options(int socket, int family) {
  const int on = 1;
  // The address may come later than we do: an interface that is not up yet is a broken path, not a
  // reason to refuse to start.
  const int freebind = family == AF_INET
                           ? setsockopt(socket, IPPROTO_IP, IP_FREEBIND, &on, sizeof on)
                           : setsockopt(socket, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
  if (freebind != 0) return errno_failure(errno, "IP_FREEBIND");
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer_size, sizeof receive_buffer_size) !=
      0) {
    return errno_failure(errno, "SO_RCVBUF");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<UdpNetwork>> UdpNetwork::open(Loop& loop, const NetworkConfig& config) {
  std::unique_ptr<UdpNetwork> network(new UdpNetwork(loop, config));
  for (const auto& [name, own] : config.nodes) {
    for (const IpAddress& text : own) {
      auto address = parse_address(text, config.datagram_port);
      if (!address) {
        return failure(Code::invalid, fmt::format("node {}: {}", name, address.error().message));
      }
      network->addresses_[name].push_back(*address);
    }
  }
  for (const IpAddress& own : config.nodes.at(config.self)) {
    if (auto opened = network->open_path(own); !opened) return std::unexpected(opened.error());
  }
  return network;
}

UdpNetwork::UdpNetwork(Loop& loop, const NetworkConfig& config)
    : loop_(loop),
      port_(config.datagram_port),
      codec_(identity_of(config)),
      buffer_(datagram_wire_max + 1) {}

UdpNetwork::~UdpNetwork() {
  for (const Fd& socket : sockets_) loop_.forget(socket.number());
}

Status UdpNetwork::open_path(const IpAddress& own) {
  const auto fail = [&](const std::string& why) {
    return failure(Code::unavailable, fmt::format("UDP {} port {}: {}", own, port_, why));
  };
  const auto address = parse_address(own, port_);
  if (!address) return std::unexpected(address.error());
  Fd fd(socket(address->family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_text(errno));
  if (const auto set = set_options(fd.number(), address->family()); !set) {
    return fail(set.error().message);
  }
  if (bind(fd.number(), address->data(), address->size) != 0) {
    const char* remedy = errno == EADDRINUSE ? " (does another mainstayd run here?)" : "";
    return fail(errno_text(errno) + remedy);
  }
  const auto path = static_cast<PathIndex>(sockets_.size());
  loop_.watch(fd.number(), {.readable = true}, [this, path](Readiness) { receive(path); });
  sockets_.push_back(std::move(fd));
  return {};
}

void UdpNetwork::send(const NodeName& to, PathIndex path, ByteView payload) {
  const auto wire = codec_.make(to, path, payload);
  MAINSTAY_CHECK(wire.has_value());
  send_wire(to, path, *wire);
}

void UdpNetwork::send_wire(const NodeName& to, PathIndex path, ByteView wire) {
  const SocketAddress& address = addresses_.at(to).at(path);
  const ssize_t sent = sendto(sockets_[path].number(), wire.data(), wire.size(), MSG_NOSIGNAL,
                              address.data(), address.size);
  if (sent < 0) ++sends_failed_;
}

void UdpNetwork::receive(PathIndex path) {
  for (int i = 0; i < datagrams_per_turn_max; ++i) {
    const ssize_t size =
        recv(sockets_[path].number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    // Besides "nothing more" this is the echo of an ICMP error for something sent before; the
    // silence of that path says the same.
    if (size < 0) return;
    take(path, ByteView(buffer_).first(static_cast<std::size_t>(size)));
  }
}

void UdpNetwork::take(PathIndex path, ByteView wire) {
  auto opened = codec_.open(path, wire, loop_.now());
  if (auto* delivery = std::get_if<DatagramCodec::Delivery>(&opened)) {
    heard_at_[{delivery->from, path}] = loop_.now();
    if (on_datagram_) on_datagram_(delivery->from, path, delivery->payload);
  } else if (const auto* answer = std::get_if<DatagramCodec::Answer>(&opened)) {
    if (answer->drop) ++drops_[static_cast<std::size_t>(*answer->drop)];
    send_wire(answer->to, path, answer->wire);
  } else if (const auto* drop = std::get_if<Drop>(&opened)) {
    ++drops_[static_cast<std::size_t>(*drop)];
  }
}

Instant UdpNetwork::heard_at(const NodeName& peer, PathIndex path) const {
  const auto found = heard_at_.find({peer, path});
  return found == heard_at_.end() ? Instant::min() : found->second;
}

}  // namespace mainstay::adapters
