// One thread per connection, two streams copied into each other.
#include "lab/proxy.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "lab/endpoint.h"
#include "lab/files.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t head_max = 64 * 1024;
constexpr int connections_at_once_max = 256;
constexpr int idle_ms_max = 120'000;

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Fd connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  Fd socket;
  for (const addrinfo* one = found; one != nullptr && !socket; one = one->ai_next) {
    Fd attempt(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, 0));
    if (::connect(attempt.number(), one->ai_addr, one->ai_addrlen) == 0)
      socket = std::move(attempt);
  }
  ::freeaddrinfo(found);
  return socket;
}

// Until one side has ended or nothing was said for long.
void copy_both_ways(int a, int b) {
  char buffer[16'384];
  for (;;) {
    pollfd watched[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    if (::poll(watched, 2, idle_ms_max) <= 0) return;
    for (int side = 0; side < 2; ++side) {
      if (watched[side].revents == 0) continue;
      const ssize_t got = ::recv(watched[side].fd, buffer, sizeof(buffer), 0);
      if (got <= 0) return;
      if (!send_all(watched[1 - side].fd, {buffer, static_cast<std::size_t>(got)})) return;
    }
  }
}

void serve(int client) {
  std::string seen;
  char buffer[4'096];
  while (seen.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(client, buffer, sizeof(buffer), 0);
    if (got <= 0 || seen.size() > head_max) return;
    seen.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t end = seen.find("\r\n\r\n") + 4;
  const auto target = parse_proxy_request(std::string_view(seen).substr(0, end));
  if (!target) {
    send_all(client, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const Fd server = connect_to(target->host, target->port);
  if (!server) {
    send_all(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const bool tunnel = target->pass_on.empty();
  if (tunnel && !send_all(client, "HTTP/1.1 200 Connection established\r\n\r\n")) return;
  if (!send_all(server.number(), target->pass_on + seen.substr(end))) return;
  copy_both_ways(client, server.number());
}

// The lines that do not speak of the connection to the proxy itself.
std::string other_headers(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(line.size() + 2, lines.size()));
    if (line.empty() || ::strncasecmp(line.data(), "connection:", 11) == 0 ||
        ::strncasecmp(line.data(), "proxy-", 6) == 0) {
      continue;
    }
    out += fmt::format("{}\r\n", line);
  }
  return out;
}

}  // namespace

Result<ProxyTarget> parse_proxy_request(std::string_view head) {
  const auto wrong = [] { return failure(Code::invalid, "this is no request to a proxy"); };
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' ');
  const auto second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return wrong();
  const std::string_view method = line.substr(0, first);
  std::string_view where = line.substr(first + 1, second - first - 1);
  const bool tunnel = method == "CONNECT";
  std::string_view path;
  if (!tunnel) {
    constexpr std::string_view scheme = "http://";
    if (!where.starts_with(scheme)) return wrong();
    where.remove_prefix(scheme.size());
    const auto slash = where.find('/');
    path = slash == std::string_view::npos ? "/" : where.substr(slash);
    where = where.substr(0, slash);
  }
  const auto colon = where.rfind(':');
  if (where.empty() || (tunnel && colon == std::string_view::npos)) return wrong();
  ProxyTarget target{std::string(where.substr(0, colon)),
                     colon == std::string_view::npos ? "80" : std::string(where.substr(colon + 1)),
                     {}};
  if (!tunnel) {
    target.pass_on = fmt::format("{} {}{}\r\nConnection: close\r\n{}\r\n", method, path,
                                 line.substr(second), other_headers(head.substr(line.size() + 2)));
  }
  return target;
}

Status run_proxy(const ProxyOptions& options) {
  const auto endpoint = parse_endpoint(options.listen);
  if (!endpoint) return std::unexpected(endpoint.error());
  const Fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listening.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in where = socket_address(*endpoint);
  if (::bind(listening.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0 ||
      ::listen(listening.number(), 64) != 0) {
    return system_failure("listen on " + options.listen);
  }
  static std::atomic<int> open = 0;
  for (;;) {
    const int client = ::accept4(listening.number(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (open >= connections_at_once_max) {
      ::close(client);
      continue;
    }
    ++open;
    std::thread([client] {
      serve(client);
      ::close(client);
      --open;
    }).detach();  // Ends with the process, which ends by a signal only.
  }
}

}  // namespace mainstay::lab
