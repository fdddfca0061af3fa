// Accepting, reading, answering, hanging up.
#include "lab/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "lab/netns.h"

namespace mainstay::lab {
namespace {

constexpr int idle_seconds_max = 120;

// Bytes in and out of a connection, with or without TLS.
struct Stream {
  int socket = -1;
  std::unique_ptr<TlsStream> tls;

  long read(char* into, std::size_t size) const {
    return tls ? tls->read(into, size) : ::recv(socket, into, size, 0);
  }
  bool write(std::string_view text) const {
    while (!text.empty()) {
      const long sent = tls ? tls->write(text.data(), text.size())
                            : ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
};

Result<Fd> listen_on(Ipv4 address, int port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(address.value);
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  if (!socket ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0 ||
      ::listen(socket.number(), 128) != 0) {
    return system_failure(fmt::format("listen on {}:{}", to_text(address), port));
  }
  return socket;
}

}  // namespace

struct HttpServer::State {
  Fd listening;
  Handler handler;
  const TlsContext* tls = nullptr;
  Fd ending{eventfd(0, EFD_CLOEXEC)};
  std::thread acceptor;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> open;  // sockets of the connections, each served by a thread of its own

  void accept_all(const std::shared_ptr<State>& self);
  void serve(int socket, const std::string& peer);
  bool answer(const Stream& stream, HttpRequest& request, bool& again);
  void stay_silent(int socket) const;
};

// Until the client gives up or the server ends.
void HttpServer::State::stay_silent(int socket) const {
  pollfd watched[2] = {{ending.number(), POLLIN, 0}, {socket, POLLRDHUP, 0}};
  ::poll(watched, 2, 600'000);
}

bool HttpServer::State::answer(const Stream& stream, HttpRequest& request, bool& again) {
  again = request.header("connection") != "close";
  const HttpResponse response = handler(request);
  if (response.delivery == HttpResponse::Delivery::hang_up) return false;
  if (response.delivery == HttpResponse::Delivery::silence) {
    stay_silent(stream.socket);
    return false;
  }
  return stream.write(print_response(response, again));
}

void HttpServer::State::serve(int socket, const std::string& peer) {
  Stream stream{socket, tls == nullptr ? nullptr : tls->wrap(socket)};
  if (stream.tls && !stream.tls->accept()) return;
  std::string buffer;
  std::array<char, 16384> block{};
  bool again = true;
  while (again) {
    auto parsed = parse_request(buffer);
    if (!parsed) {
      stream.write(print_response({.status = 400, .body = parsed.error().message + "\n"}, false));
      return;
    }
    if (!*parsed) {
      const long got = stream.read(block.data(), block.size());
      if (got <= 0) return;
      buffer.append(block.data(), static_cast<std::size_t>(got));
      continue;
    }
    ParsedRequest& complete = **parsed;
    buffer.erase(0, complete.size);
    complete.request.peer = peer;
    complete.request.tls = tls != nullptr;
    if (!answer(stream, complete.request, again)) return;
  }
}

void HttpServer::State::accept_all(const std::shared_ptr<State>& self) {
  for (;;) {
    pollfd watched[2] = {{listening.number(), POLLIN, 0}, {ending.number(), POLLIN, 0}};
    ::poll(watched, 2, -1);
    if (watched[1].revents != 0) return;
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const int socket =
        ::accept4(listening.number(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const timeval patience{idle_seconds_max, 0};
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    {
      const std::lock_guard lock(mutex);
      if (open.size() >= connections_max) {
        ::close(socket);
        continue;
      }
      open.insert(socket);
    }
    std::thread([self, socket, peer = to_text(Ipv4{ntohl(from.sin_addr.s_addr)})] {
      self->serve(socket, peer);
      const std::lock_guard lock(self->mutex);
      self->open.erase(socket);
      ::close(socket);
      self->changed.notify_all();
    }).detach();  // Counted in `open`; the destructor waits for all of them.
  }
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const Fd& network_namespace, Ipv4 address,
                                                      int port, Handler handler,
                                                      const TlsContext* tls) {
  auto state = std::make_shared<State>();
  state->handler = std::move(handler);
  state->tls = tls;
  auto done = inside(network_namespace, [&]() -> Status {
    auto socket = listen_on(address, port);
    if (!socket) return std::unexpected(socket.error());
    state->listening = std::move(*socket);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  state->acceptor = std::thread([state] { state->accept_all(state); });
  return std::unique_ptr<HttpServer>(new HttpServer(state));
}

HttpServer::~HttpServer() {
  eventfd_write(state_->ending.number(), 1);
  state_->acceptor.join();
  std::unique_lock lock(state_->mutex);
  for (const int socket : state_->open) ::shutdown(socket, SHUT_RDWR);
  state_->changed.wait(lock, [&] { return state_->open.empty(); });
}

}  // namespace mainstay::lab
