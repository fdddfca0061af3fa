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
  explicit LinuxResolver(Loop& loop, std::uint16_t port = dns_port);

  Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily family,
                                               Call call) override;
  Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name, IpFamily family,
                                           Call call) override;

 private:
  Task<Result<SocketAddress>> locate(std::string server, Call call);
  Task<Result<Bytes>> by_datagram(SocketAddress server, DnsQuestion question, Call call);
  Task<Result<Bytes>> by_stream(SocketAddress server, DnsQuestion question, Call call);
  // True when the descriptor is ready; an error at the deadline, or when called off.
  Task<Status> ready(int descriptor, Readiness interest, Call call);

  Loop& loop_;
  std::uint16_t port_;
  Worker worker_;
};

}  // namespace mainstay::adapters
