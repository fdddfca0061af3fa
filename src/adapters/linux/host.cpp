// The Host port.
#include "adapters/linux/host.h"

#include <netdb.h>

#include <cctype>
#include <cerrno>
#include <cstring>

#include "adapters/linux/call_guard.h"
#include "adapters/linux/errno_text.h"
#include "adapters/linux/icmp.h"
#include "adapters/linux/netlink.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

// "fd00::1" and "fd00:0:0::1" are one address.
Result<std::string> canonical(const IpAddress& address) {
  const auto parsed = parse_address(address, 0);
  if (!parsed) return std::unexpected(parsed.error());
  return to_text(*parsed);
}

std::string listed(const std::vector<LinkFacts>& links) {
  std::string text;
  for (const LinkFacts& link : links) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", link.name,
                        link.mac.empty() ? "" : " (" + link.mac + ")");
  }
  return text;
}

Result<LinkFacts> link_named(Netlink& netlink, const std::string& name) {
  const auto links = netlink.links();
  if (!links) return std::unexpected(links.error());
  const auto found = std::ranges::find(*links, name, &LinkFacts::name);
  if (found != links->end()) return *found;
  return failure(Code::not_found,
                 fmt::format("there is no interface {}; there are {}", name, listed(*links)));
}

// What the kernel said; it does not say what a process needs for it.
std::string reason(const Error& error) {
  return error.message +
         (error.code == Code::denied ? ". The daemon needs CAP_NET_ADMIN: run it as root" : "");
}

Status add(const std::string& interface, const IpAddress& address) {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto link = link_named(*netlink, interface);
  if (!link) return std::unexpected(link.error());
  auto added = netlink->add_address(link->index, address);
  if (added || added.error().code == Code::conflict) return {};
  added.error().message =
      fmt::format("{} cannot be added to {}: {}", address, interface, reason(added.error()));
  return added;
}

Status remove(const std::string& interface, const IpAddress& address) {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto link = link_named(*netlink, interface);
  if (!link && link.error().code == Code::not_found) return {};  // It took its addresses along.
  if (!link) return std::unexpected(link.error());
  auto removed = netlink->remove_address(link->index, address);
  if (removed || removed.error().code == Code::not_found) return {};
  removed.error().message =
      fmt::format("{} cannot be removed from {}: {}", address, interface, reason(removed.error()));
  return removed;
}

// Index of the link that holds it; 0 if none does.
Result<int> holder(const IpAddress& address) {
  const auto wanted = canonical(address);
  if (!wanted) return std::unexpected(wanted.error());
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto addresses = netlink->addresses();
  if (!addresses) return std::unexpected(addresses.error());
  const auto found = std::ranges::find(*addresses, *wanted, &AddressFacts::address);
  return found == addresses->end() ? 0 : found->index;
}

Result<std::string> name_if(const std::function<bool(const LinkFacts&)>& is_it,
                            const std::string& what) {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto links = netlink->links();
  if (!links) return std::unexpected(links.error());
  const auto found = std::ranges::find_if(*links, is_it);
  if (found != links->end()) return found->name;
  return failure(Code::not_found,
                 fmt::format("no interface has {}; there are {}", what, listed(*links)));
}

Result<std::vector<SocketAddress>> resolve_blocking(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    const Code code = error == EAI_NONAME ? Code::not_found : Code::unavailable;
    return failure(code, fmt::format("{}: {}", host, gai_strerror(error)));
  }
  std::vector<SocketAddress> found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    found.push_back(address);
  }
  freeaddrinfo(list);
  return found;
}

Error busy(std::string_view what) {
  return {Code::unavailable, fmt::format("too many {} are waiting", what)};
}

}  // namespace

LinuxHost::LinuxHost(Loop& loop)
    : loop_(loop),
      netlink_worker_(loop, Worker::AtEnd::finish),
      resolve_worker_(loop, Worker::AtEnd::abandon),
      clock_(loop),
      http_(clock_, loop) {}

// The callers are no coroutines on purpose: g++ 12 destroys twice what is made inside an awaiting
// expression.
template <class T>
Task<Result<T>> LinuxHost::by_netlink(std::move_only_function<Result<T>()> job, Call call,
                                      Error late) {
  const Completion<Result<T>> done;
  const CallGuard guard(loop_, call, std::move(late),
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  if (!netlink_worker_.submit<Result<T>>(
          std::move(job), [done](Result<T> result) { done.set(std::move(result)); })) {
    co_return std::unexpected(busy("netlink requests"));
  }
  co_return co_await done;
}

Task<Status> LinuxHost::add_address(std::string interface, IpAddress address, Call call) {
  Error late{Code::outcome_unknown,
             fmt::format("{} may or may not have been added to {}", address, interface)};
  return by_netlink<void>([=] { return add(interface, address); }, call, std::move(late));
}

Task<Status> LinuxHost::remove_address(std::string interface, IpAddress address, Call call) {
  Error late{Code::outcome_unknown,
             fmt::format("{} may or may not have been removed from {}", address, interface)};
  return by_netlink<void>([=] { return remove(interface, address); }, call, std::move(late));
}

Task<Result<bool>> LinuxHost::has_address(IpAddress address, Call call) {
  return by_netlink<bool>(
      [=]() -> Result<bool> {
        const auto found = holder(address);
        if (!found) return std::unexpected(found.error());
        return *found != 0;
      },
      call, {Code::timed_out, "netlink did not answer"});
}

Task<Result<std::string>> LinuxHost::interface_with_mac(std::string mac, Call call) {
  std::ranges::transform(mac, mac.begin(),
                         [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
  return by_netlink<std::string>(
      [=] {
        return name_if([&](const LinkFacts& link) { return link.mac == mac; }, "the MAC " + mac);
      },
      call, {Code::timed_out, "netlink did not answer"});
}

Task<Result<std::string>> LinuxHost::interface_with_address(IpAddress address, Call call) {
  return by_netlink<std::string>(
      [=]() -> Result<std::string> {
        const auto index = holder(address);
        if (!index) return std::unexpected(index.error());
        return name_if([&](const LinkFacts& link) { return link.index == *index; },
                       "the address " + address);
      },
      call, {Code::timed_out, "netlink did not answer"});
}

Task<Result<Duration>> LinuxHost::ping(IpAddress address, Call call) {
  const auto target = parse_address(address, 0);
  if (!target) co_return std::unexpected(target.error());
  const Completion<Result<Duration>> done;
  const CallGuard guard(loop_, call, {Code::timed_out, address + " does not answer"},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  auto echo = EchoRequest::send(loop_, *target, [done](Duration time) { done.set(time); });
  if (!echo) {
    co_return failure(Code::unavailable, fmt::format("{}: {}", address, echo.error().message));
  }
  co_return co_await done;
}

Task<Result<std::vector<SocketAddress>>> LinuxHost::resolve(std::string host, int port, Call call) {
  if (const auto literal = parse_address(host, static_cast<std::uint16_t>(port))) {
    co_return std::vector{*literal};
  }
  const Completion<Result<std::vector<SocketAddress>>> done;
  const CallGuard guard(loop_, call, {Code::timed_out, host + ": no name server answers"},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  if (!resolve_worker_.submit<Result<std::vector<SocketAddress>>>(
          [host, port] { return resolve_blocking(host, port); },
          [done](Result<std::vector<SocketAddress>> found) { done.set(std::move(found)); })) {
    co_return std::unexpected(busy("names"));
  }
  co_return co_await done;
}

Task<Status> LinuxHost::connect_one(SocketAddress address, std::string name, Call call) {
  const Fd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return errno_failure(errno, name);
  if (connect(fd.number(), address.data(), address.size) == 0) co_return Status{};
  if (errno == ECONNREFUSED) co_return failure(Code::conflict, name + ": connection refused");
  if (errno != EINPROGRESS) {
    co_return failure(Code::unavailable, fmt::format("{}: {}", name, errno_text(errno)));
  }
  const Completion<Status> done;
  const CallGuard guard(loop_, call, {Code::timed_out, name + " does not answer"},
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  loop_.watch(fd.number(), {.writable = true}, [done](Readiness) { done.set({}); });
  const Status waited = co_await done;
  loop_.forget(fd.number());
  if (!waited) co_return waited;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) co_return Status{};
  const Code code = error == ECONNREFUSED ? Code::conflict
                    : error == ETIMEDOUT  ? Code::timed_out
                                          : Code::unavailable;
  co_return failure(code, fmt::format("{}: {}", name, errno_text(error)));
}

Task<Result<Duration>> LinuxHost::connect_tcp(std::string host, int port, Call call) {
  const std::string name = fmt::format("{} port {}", host, port);
  if (port < 1 || port > 65535) co_return failure(Code::invalid, name + ": there is no such port");
  const auto addresses = co_await resolve(host, port, call);
  if (!addresses) co_return std::unexpected(addresses.error());
  Status last = failure(Code::unavailable, name + ": it has no address");
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const Instant start = loop_.now();
    // Each address gets its share of what is left, so that a dead first one leaves time for others.
    const auto shares = static_cast<std::int64_t>(addresses->size() - i);
    Call share = call;
    if (call.deadline != never) share.deadline = start + (call.deadline - start) / shares;
    last = co_await connect_one((*addresses)[i], name, share);
    if (last) co_return loop_.now() - start;
    if (last.error().code == Code::cancelled) break;
  }
  co_return std::unexpected(last.error());
}

Task<Result<int>> LinuxHost::http_head(HttpHead request, Call call) {
  HttpRequest question{.method = "HEAD", .url = std::move(request.url)};
  question.proxy = std::move(request.proxy);
  question.tls.ca_file = std::move(request.ca_file);
  question.tls.verify = request.verify;
  const HttpResult answer = co_await http_.send(std::move(question), call);
  if (answer) co_return answer->status;
  Code code = Code::unavailable;
  if (answer.error().problem == HttpProblem::timed_out) code = Code::timed_out;
  if (answer.error().problem == HttpProblem::cancelled) code = Code::cancelled;
  co_return failure(code, answer.error().message);
}

}  // namespace mainstay::adapters
