// Control messages over TCP.
#include "adapters/linux/tcp_network.h"

#include <netinet/in.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/tcp_link.h"
#include "base/check.h"

namespace mainstay::adapters {
namespace {

constexpr int listen_backlog = 64;
constexpr int accepts_per_turn_max = 16;

StreamIdentity identity_of(const NetworkConfig& config) {
  StreamIdentity identity{.cluster = config.cluster, .self = config.self, .key = config.key};
  for (const auto& [name, addresses] : config.nodes) identity.peers.push_back(name);
  return identity;
}

Status prepare_listener(const Fd& fd, const SocketAddress& address) {
  const int on = 1;
  setsockopt(fd.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_v4 = address.family() == AF_INET;
  setsockopt(fd.number(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_FREEBIND : IPV6_FREEBIND,
             &on, sizeof on);
  if (bind(fd.number(), address.data(), address.size) != 0 ||
      ::listen(fd.number(), listen_backlog) != 0) {
    const char* remedy = errno == EADDRINUSE ? " (does another mainstayd run here?)" : "";
    return failure(Code::unavailable, errno_text(errno) + remedy);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TcpNetwork>> TcpNetwork::open(Loop& loop, const NetworkConfig& config,
                                                     PathWorks path_works) {
  std::unique_ptr<TcpNetwork> network(new TcpNetwork(loop, config, std::move(path_works)));
  for (const IpAddress& own : config.nodes.at(config.self)) {
    if (auto listening = network->listen_on(own); !listening) {
      return failure(
          listening.error().code,
          fmt::format("TCP {} port {}: {}", own, config.stream_port, listening.error().message));
    }
  }
  return network;
}

TcpNetwork::TcpNetwork(Loop& loop, const NetworkConfig& config, PathWorks path_works)
    : loop_(loop),
      config_(config),
      identity_(identity_of(config)),
      path_works_(std::move(path_works)) {
  for (const auto& [name, addresses] : config.nodes) {
    if (name != config.self) links_.emplace(name, std::make_unique<Link>(*this, name));
  }
}

TcpNetwork::~TcpNetwork() {
  for (const Fd& listener : listeners_) loop_.forget(listener.number());
  incoming_.clear();
  links_.clear();
}

Status TcpNetwork::listen_on(const IpAddress& own) {
  const auto address = parse_address(own, config_.stream_port);
  if (!address) return std::unexpected(address.error());
  Fd fd(socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_failure(errno, "socket");
  if (auto prepared = prepare_listener(fd, *address); !prepared) return prepared;
  const int number = fd.number();
  loop_.watch(number, {.readable = true}, [this, number](Readiness) { accept_some(number); });
  listeners_.push_back(std::move(fd));
  return {};
}

void TcpNetwork::accept_some(int listener) {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    Fd fd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    set_stream_options(fd.number());
    make_room_for_stranger();
    incoming_.push_back(std::make_shared<Incoming>(*this, std::move(fd)));
  }
}

void TcpNetwork::make_room_for_stranger() {
  const auto stranger = [](const auto& each) { return !each->ready(); };
  if (static_cast<std::size_t>(std::ranges::count_if(incoming_, stranger)) < strangers_max) return;
  incoming_.erase(std::ranges::find_if(incoming_, stranger));
}

// A peer opens a new connection only when its old one is of no use to it any more.
void TcpNetwork::became_ready(Incoming& incoming) {
  std::erase_if(incoming_, [&](const auto& each) {
    return each.get() != &incoming && each->ready() && each->peer() == incoming.peer();
  });
}

void TcpNetwork::remove(Incoming& incoming) {
  std::erase_if(incoming_, [&](const auto& each) { return each.get() == &incoming; });
}

void TcpNetwork::send(const NodeName& to, ByteView message) {
  const auto link = links_.find(to);
  MAINSTAY_CHECK(link != links_.end());
  link->second->send(message);
}

std::string TcpNetwork::problem(const NodeName& peer) const {
  const auto link = links_.find(peer);
  return link == links_.end() ? "" : link->second->problem();
}

}  // namespace mainstay::adapters
