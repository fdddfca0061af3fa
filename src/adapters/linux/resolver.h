// The Resolver port: the system's resolver in a worker, since it blocks; a single name server by a
// datagram, and by TCP where the answer does not fit into one.
#pragma once

#include "adapters/linux/address.h"
#include "adapters/linux/dns_message.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "ports/resolver.h"

namespace mainstay::adapters {

inline constexpr std::uint16_t dns_port = 53;

class LinuxResolver : public Resolver {
 public:
  // `port`: of name servers.
  explicit LinuxResolver(Loop& loop, std::uint16_t port = dns_port,
                         std::string settings = "/etc/resolv.conf");

  Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily family,
                                               Call call) override;
  Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name, IpFamily family,
                                           Call call) override;
  Task<Result<std::vector<std::string>>> name_servers(std::string domain, Call call) override;

 private:
  Task<Result<SocketAddress>> locate(std::string server, Call call);
  Task<Result<std::vector<std::string>>> exchange(SocketAddress server, DnsQuestion question,
                                                  Call call);
  Task<Result<Bytes>> by_datagram(SocketAddress server, DnsQuestion question, Call call);
  Task<Result<Bytes>> by_stream(SocketAddress server, DnsQuestion question, Call call);
  // True when the descriptor is ready; an error at the deadline, or when called off.
  Task<Status> ready(int descriptor, Readiness interest, Call call);

  Loop& loop_;
  std::uint16_t port_;
  std::string settings_;  // resolv.conf(5)
  Worker worker_;
};

}  // namespace mainstay::adapters
