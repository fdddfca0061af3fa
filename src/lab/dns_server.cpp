// One thread for datagrams, one for streams, which it serves one after the other.
#include "lab/dns_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <thread>

#include "lab/endpoint.h"
#include "lab/netns.h"

namespace mainstay::lab {
namespace {

constexpr timeval stream_patience{2, 0};

Result<Fd> bound_socket(Ipv4 address, int type) {
  Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in where = socket_address({address, dns_port});
  if (!socket ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0 ||
      (type == SOCK_STREAM && ::listen(socket.number(), 16) != 0)) {
    return system_failure(fmt::format("serve DNS at {}", to_text(address)));
  }
  return socket;
}

bool read_exactly(int socket, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

struct DnsServer::State {
  Fd datagrams;
  Fd streams;
  Handler handler;
  Fd ending{eventfd(0, EFD_CLOEXEC)};
  std::thread datagram_thread;
  std::thread stream_thread;

  // Waits for the socket; false when the server ends.
  bool await(const Fd& socket) const {
    pollfd watched[2] = {{socket.number(), POLLIN, 0}, {ending.number(), POLLIN, 0}};
    ::poll(watched, 2, -1);
    return watched[1].revents == 0;
  }
  std::string reply(std::string_view bytes, Ipv4 peer, bool stream) const {
    const auto query = parse_dns_query(bytes);
    if (!query) return {};
    const auto answer = handler(query->question, peer);
    if (!answer) return {};
    return print_dns_answer(*query, *answer, stream ? dns_size_max : query->size_max);
  }
  void serve_datagrams() const {
    while (await(datagrams)) {
      char buffer[2048];
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      const ssize_t got = ::recvfrom(datagrams.number(), buffer, sizeof(buffer), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) continue;
      const std::string answer =
          reply({buffer, static_cast<std::size_t>(got)}, Ipv4{ntohl(from.sin_addr.s_addr)}, false);
      if (answer.empty()) continue;
      // A datagram that cannot be sent is lost like any other.
      (void)::sendto(datagrams.number(), answer.data(), answer.size(), MSG_DONTWAIT,
                     reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  void serve_stream(int socket, Ipv4 peer) const {
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &stream_patience, sizeof(stream_patience));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &stream_patience, sizeof(stream_patience));
    unsigned char head[2];
    while (read_exactly(socket, reinterpret_cast<char*>(head), 2)) {
      std::string bytes(static_cast<std::size_t>(head[0] * 256 + head[1]), '\0');
      if (!read_exactly(socket, bytes.data(), bytes.size())) return;
      const std::string answer = reply(bytes, peer, true);
      if (answer.empty()) return;
      const std::string framed = std::string{static_cast<char>(answer.size() >> 8U),
                                             static_cast<char>(answer.size() & 0xffU)} +
                                 answer;
      if (::send(socket, framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
  void serve_streams() const {
    while (await(streams)) {
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      const Fd socket(
          ::accept4(streams.number(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
      if (socket) serve_stream(socket.number(), Ipv4{ntohl(from.sin_addr.s_addr)});
    }
  }
};

DnsServer::DnsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<DnsServer>> DnsServer::start(const Fd& network_namespace, Ipv4 address,
                                                    Handler handler) {
  auto state = std::make_unique<State>();
  state->handler = std::move(handler);
  auto done = inside(network_namespace, [&]() -> Status {
    for (const auto& [type, into] :
         {std::pair{SOCK_DGRAM, &state->datagrams}, std::pair{SOCK_STREAM, &state->streams}}) {
      auto socket = bound_socket(address, type);
      if (!socket) return std::unexpected(socket.error());
      *into = std::move(*socket);
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  State* running = state.get();
  state->datagram_thread = std::thread([running] { running->serve_datagrams(); });
  state->stream_thread = std::thread([running] { running->serve_streams(); });
  return std::unique_ptr<DnsServer>(new DnsServer(std::move(state)));
}

DnsServer::~DnsServer() {
  eventfd_write(state_->ending.number(), 1);
  state_->datagram_thread.join();
  state_->stream_thread.join();
}

}  // namespace mainstay::lab
