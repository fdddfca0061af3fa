// The kernel's addresses and links, by rtnetlink.
#include "adapters/linux/netlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "adapters/linux/address.h"
#include "adapters/linux/errno_text.h"

namespace mainstay::adapters {
namespace {

// The kernel answers at once; this only keeps a worker from hanging on a defect.
constexpr timeval answer_patience{.tv_sec = 5, .tv_usec = 0};
constexpr std::size_t packet_size_max = 256 * 1024;

template <class T>
ByteView bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

template <class T>
bool copy_from(ByteView bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(NLMSG_ALIGN(out.size()));
}

void append_attribute(Bytes& out, std::uint16_t type, ByteView value) {
  const rtattr header{.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size())),
                      .rta_type = type};
  append(out, bytes_of(header));
  append(out, value);
}

// Calls with type and value of each attribute.
template <class Visit>
void attributes(ByteView bytes, Visit visit) {
  rtattr header{};
  while (copy_from(bytes, header) && header.rta_len >= sizeof header &&
         header.rta_len <= bytes.size()) {
    visit(header.rta_type, bytes.first(header.rta_len).subspan(sizeof header));
    bytes = bytes.subspan(std::min<std::size_t>(RTA_ALIGN(header.rta_len), bytes.size()));
  }
}

std::string mac_text(ByteView bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : ":", byte);
  return text;
}

std::string address_text(int family, ByteView bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  if (bytes.size() < size) return "";
  const char* written =
      inet_ntop(family, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
  return written == nullptr ? "" : written;
}

std::string name_text(ByteView bytes) {
  std::string text(as_text(bytes));
  return text.substr(0, text.find('\0'));
}

}  // namespace

Result<Netlink> Netlink::open() {
  Netlink netlink;
  netlink.socket_ = Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink.socket_ || setsockopt(netlink.socket_.number(), SOL_SOCKET, SO_RCVTIMEO,
                                     &answer_patience, sizeof answer_patience) != 0) {
    return errno_failure(errno, "netlink");
  }
  return netlink;
}

Result<std::vector<Bytes>> Netlink::ask(std::uint16_t type, std::uint16_t flags, ByteView body) {
  const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(body.size())),
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags),
                        .nlmsg_seq = ++sequence_,
                        .nlmsg_pid = 0};
  Bytes request;
  append(request, bytes_of(header));
  append(request, body);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(socket_.number(), request.data(), request.size(), 0,
             reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) {
    return errno_failure(errno, "netlink");
  }
  std::vector<Bytes> answers;
  Bytes packet(packet_size_max);
  for (;;) {
    const ssize_t size = recv(socket_.number(), packet.data(), packet.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_failure(errno == EAGAIN ? ETIMEDOUT : errno, "netlink");
    const auto done = take(ByteView(packet).first(static_cast<std::size_t>(size)), answers);
    if (!done) return std::unexpected(done.error());
    if (*done) return answers;
  }
}

// True once the answer is complete.
Result<bool> Netlink::take(ByteView packet, std::vector<Bytes>& answers) const {
  nlmsghdr header{};
  while (copy_from(packet, header) && header.nlmsg_len >= sizeof header &&
         header.nlmsg_len <= packet.size()) {
    const ByteView body = packet.first(header.nlmsg_len).subspan(NLMSG_HDRLEN);
    packet = packet.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), packet.size()));
    if (header.nlmsg_seq != sequence_) continue;  // Of a question given up before.
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      int number = 0;
      if (!copy_from(body, number)) return failure(Code::corrupt, "netlink: a broken answer");
      if (number != 0) return errno_failure(-number, "netlink");
      return true;
    }
    answers.emplace_back(body.begin(), body.end());
  }
  return false;
}

Result<std::vector<LinkFacts>> Netlink::links() {
  const ifinfomsg question{};
  const auto answers = ask(RTM_GETLINK, NLM_F_DUMP, bytes_of(question));
  if (!answers) return std::unexpected(answers.error());
  std::vector<LinkFacts> result;
  for (const Bytes& answer : *answers) {
    ifinfomsg info{};
    if (!copy_from(ByteView(answer), info)) continue;
    LinkFacts link{.index = info.ifi_index, .up = (info.ifi_flags & IFF_UP) != 0};
    attributes(ByteView(answer).subspan(NLMSG_ALIGN(sizeof info)),
               [&](std::uint16_t type, ByteView value) {
                 if (type == IFLA_IFNAME) link.name = name_text(value);
                 if (type == IFLA_ADDRESS) link.mac = mac_text(value);
               });
    result.push_back(std::move(link));
  }
  return result;
}

Result<std::vector<AddressFacts>> Netlink::addresses() {
  const ifaddrmsg question{};
  const auto answers = ask(RTM_GETADDR, NLM_F_DUMP, bytes_of(question));
  if (!answers) return std::unexpected(answers.error());
  std::vector<AddressFacts> result;
  for (const Bytes& answer : *answers) {
    ifaddrmsg info{};
    if (!copy_from(ByteView(answer), info)) continue;
    AddressFacts facts{.index = static_cast<int>(info.ifa_index), .prefix = info.ifa_prefixlen};
    std::string local;
    attributes(ByteView(answer).subspan(NLMSG_ALIGN(sizeof info)),
               [&](std::uint16_t type, ByteView value) {
                 if (type == IFA_LOCAL) local = address_text(info.ifa_family, value);
                 if (type == IFA_ADDRESS) facts.address = address_text(info.ifa_family, value);
               });
    // On a point-to-point link IFA_ADDRESS is the other end.
    if (!local.empty()) facts.address = local;
    if (!facts.address.empty()) result.push_back(std::move(facts));
  }
  return result;
}

Status Netlink::change_address(int link, const std::string& address, std::uint16_t type,
                               std::uint16_t flags) {
  const auto parsed = parse_address(address, 0);
  if (!parsed) return std::unexpected(parsed.error());
  const bool is_v4 = parsed->family() == AF_INET;
  in_addr v4{};
  in6_addr v6{};
  inet_pton(AF_INET, address.c_str(), &v4);
  inet_pton(AF_INET6, address.c_str(), &v6);
  const ByteView bytes = is_v4 ? bytes_of(v4) : bytes_of(v6);
  ifaddrmsg info{};
  info.ifa_family = static_cast<std::uint8_t>(parsed->family());
  info.ifa_prefixlen = static_cast<std::uint8_t>(8 * bytes.size());
  info.ifa_index = static_cast<std::uint32_t>(link);
  // It is a group's address, ours by the cluster's word: it must not wait for the network's.
  if (!is_v4 && type == RTM_NEWADDR) info.ifa_flags = IFA_F_NODAD;
  Bytes body;
  append(body, bytes_of(info));
  append_attribute(body, IFA_LOCAL, bytes);
  append_attribute(body, IFA_ADDRESS, bytes);
  const auto done = ask(type, static_cast<std::uint16_t>(NLM_F_ACK | flags), body);
  if (!done) return std::unexpected(done.error());
  return {};
}

Status Netlink::add_address(int link, const std::string& address) {
  return change_address(link, address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
}

Status Netlink::remove_address(int link, const std::string& address) {
  auto done = change_address(link, address, RTM_DELADDR, 0);
  if (!done && done.error().message.find(errno_text(EADDRNOTAVAIL)) != std::string::npos) {
    done.error().code = Code::not_found;
  }
  return done;
}

}  // namespace mainstay::adapters
