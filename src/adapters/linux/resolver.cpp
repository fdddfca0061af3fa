#include "adapters/linux/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "adapters/linux/call_guard.h"
#include "adapters/linux/errno_text.h"
#include "adapters/linux/seal.h"
#include "base/file.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t datagram_size_max = 4096;
constexpr std::size_t settings_size_max = 64 * 1024;
// A datagram may get lost; nobody says so.
constexpr Duration repeat_after = 500ms;
// One that is silent may be one of several.
constexpr Duration next_server_after = 2s;

Code code_of(int error) {
  switch (error) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return Code::not_found;
    default:
      return Code::unavailable;
  }
}

// Without a dot at its end, as programs write it: the hosts file has names of that kind only.
Result<std::vector<IpAddress>> resolve_blocking(std::string name, IpFamily family) {
  if (name.ends_with('.')) name.pop_back();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = family == IpFamily::v4 ? AF_INET : AF_INET6;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    return failure(code_of(error), fmt::format("{}: {}", name, gai_strerror(error)));
  }
  std::vector<IpAddress> found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    const std::string text = to_text(address);
    if (std::ranges::find(found, text) == found.end()) found.push_back(text);
  }
  freeaddrinfo(list);
  return found;
}

DnsQuestion question_about(std::string name, DnsType type) {
  sodium_ready();
  std::array<std::uint8_t, 2> number{};
  random_bytes(number);
  return {static_cast<std::uint16_t>(number[0] << 8 | number[1]), std::move(name), type};
}

std::string silence(const SocketAddress& server) {
  return fmt::format("name server {} does not answer", to_text(server));
}

// As resolv.conf(5) names them; whoever asks for names follows the first three.
Result<std::vector<SocketAddress>> system_servers(const std::string& settings, std::uint16_t port) {
  constexpr std::size_t servers_max = 3;
  const auto text = read_file(settings, settings_size_max);
  if (!text) return std::unexpected(text.error());
  std::vector<SocketAddress> servers;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line) && servers.size() < servers_max;) {
    std::istringstream words(line);
    std::string keyword;
    std::string address;
    if (!(words >> keyword >> address) || keyword != "nameserver") continue;
    if (const auto parsed = parse_address(address, port)) servers.push_back(*parsed);
  }
  return servers;
}

// With its length before it, as streams carry it.
Bytes framed(const Bytes& message) {
  Bytes out = {static_cast<std::uint8_t>(message.size() >> 8),
               static_cast<std::uint8_t>(message.size() & 0xff)};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

}  // namespace

LinuxResolver::LinuxResolver(Loop& loop, std::uint16_t port, std::string settings)
    : loop_(loop),
      port_(port),
      settings_(std::move(settings)),
      worker_(loop, Worker::AtEnd::abandon) {}

Task<Result<std::vector<IpAddress>>> LinuxResolver::resolve(std::string name, IpFamily family,
                                                            Call call) {
  const Completion<Result<std::vector<IpAddress>>> done;
  const CallGuard guard(loop_, call, {Code::timed_out, name + ": no name server answers"},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  if (!worker_.submit<Result<std::vector<IpAddress>>>(
          [name, family] { return resolve_blocking(name, family); },
          [done](Result<std::vector<IpAddress>> found) { done.set(std::move(found)); })) {
    co_return failure(Code::unavailable, "too many names are waiting");
  }
  co_return co_await done;
}

Task<Result<SocketAddress>> LinuxResolver::locate(std::string server, Call call) {
  if (const auto literal = parse_address(server, port_)) co_return *literal;
  const auto found = co_await resolve(server, IpFamily::v4, call);
  if (!found) co_return std::unexpected(found.error());
  co_return parse_address(found->front(), port_);
}

Task<Result<std::vector<IpAddress>>> LinuxResolver::ask(std::string server, std::string name,
                                                        IpFamily family, Call call) {
  const auto place = co_await locate(std::move(server), call);
  if (!place) co_return std::unexpected(place.error());
  DnsQuestion question = question_about(std::move(name), type_of(family));
  co_return co_await exchange(*place, std::move(question), call);
}

Task<Result<std::vector<std::string>>> LinuxResolver::name_servers(std::string domain, Call call) {
  const auto servers = system_servers(settings_, port_);
  if (!servers) co_return std::unexpected(servers.error());
  Result<std::vector<std::string>> found =
      failure(Code::unavailable, settings_ + " names no name server");
  for (const SocketAddress& server : *servers) {
    DnsQuestion question = question_about(domain, DnsType::ns);
    const Call once(std::min(call.deadline, loop_.now() + next_server_after), call.cancellation);
    found = co_await exchange(server, std::move(question), once);
    if (found || found.error().code == Code::not_found) break;
  }
  co_return found;
}

Task<Result<std::vector<std::string>>> LinuxResolver::exchange(SocketAddress server,
                                                               DnsQuestion question, Call call) {
  auto answer = co_await by_datagram(server, question, call);
  if (answer && is_truncated(*answer)) answer = co_await by_stream(server, question, call);
  if (!answer) co_return std::unexpected(answer.error());
  auto decoded = decode(*answer, question);
  // What makes no sense is no answer.
  if (!decoded && decoded.error().code == Code::corrupt) decoded.error().code = Code::unavailable;
  co_return decoded;
}

Task<Status> LinuxResolver::ready(int descriptor, Readiness interest, Call call) {
  const Completion<Status> done;
  const CallGuard guard(loop_, call, {Code::timed_out, "no answer"},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  loop_.watch(descriptor, interest, [done](Readiness) { done.set({}); });
  const Status waited = co_await done;
  loop_.forget(descriptor);
  co_return waited;
}

Task<Result<Bytes>> LinuxResolver::by_datagram(SocketAddress server, DnsQuestion question,
                                               Call call) {
  const auto message = encode(question);
  if (!message) co_return std::unexpected(message.error());
  const Fd fd(socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return errno_failure(errno, "a socket for DNS");
  // A connected socket hears only this server, and that nobody listens there.
  if (connect(fd.number(), server.data(), server.size) != 0) {
    co_return failure(Code::unavailable,
                      fmt::format("name server {}: {}", to_text(server), errno_text(errno)));
  }
  while (loop_.now() < call.deadline) {
    (void)send(fd.number(), message->data(), message->size(), MSG_NOSIGNAL);
    const Call once(std::min(call.deadline, loop_.now() + repeat_after), call.cancellation);
    while (true) {
      const Status heard = co_await ready(fd.number(), {.readable = true}, once);
      if (!heard && heard.error().code == Code::cancelled) co_return std::unexpected(heard.error());
      if (!heard) break;
      Bytes buffer(datagram_size_max);
      const ssize_t size = recv(fd.number(), buffer.data(), buffer.size(), 0);
      if (size < 0) {
        co_return failure(Code::unavailable,
                          fmt::format("name server {}: {}", to_text(server), errno_text(errno)));
      }
      buffer.resize(static_cast<std::size_t>(size));
      if (answers(buffer, question)) co_return buffer;
    }
  }
  co_return failure(Code::timed_out, silence(server));
}

Task<Result<Bytes>> LinuxResolver::by_stream(SocketAddress server, DnsQuestion question,
                                             Call call) {
  const auto message = encode(question);
  if (!message) co_return std::unexpected(message.error());
  const Fd fd(socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return errno_failure(errno, "a socket for DNS");
  const auto broken = [&server](int number) {
    return failure(Code::unavailable,
                   fmt::format("name server {} by TCP: {}", to_text(server), errno_text(number)));
  };
  if (connect(fd.number(), server.data(), server.size) != 0 && errno != EINPROGRESS) {
    co_return broken(errno);
  }
  const Status connected = co_await ready(fd.number(), {.writable = true}, call);
  if (!connected) co_return failure(connected.error().code, silence(server));
  // So small that the kernel takes it at once.
  const Bytes request = framed(*message);
  if (send(fd.number(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    co_return broken(errno);
  }
  Bytes received;
  while (true) {
    const Status heard = co_await ready(fd.number(), {.readable = true}, call);
    if (!heard) co_return failure(heard.error().code, silence(server));
    std::array<std::uint8_t, datagram_size_max> buffer{};
    const ssize_t size = recv(fd.number(), buffer.data(), buffer.size(), 0);
    if (size < 0) co_return broken(errno);
    if (size == 0) co_return failure(Code::unavailable, silence(server));
    received.insert(received.end(), buffer.begin(), buffer.begin() + size);
    if (received.size() < 2) continue;
    const std::size_t length = static_cast<std::size_t>(received[0] << 8 | received[1]);
    if (received.size() < 2 + length) continue;
    co_return Bytes(received.begin() + 2,
                    received.begin() + 2 + static_cast<std::ptrdiff_t>(length));
  }
}

}  // namespace mainstay::adapters
