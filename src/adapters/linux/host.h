// The Host port: addresses and links by netlink, echo requests by ICMP, connections by TCP,
// questions by HTTP.
//
// Netlink and name resolution block, so each has a worker; everything else is the loop's.
#pragma once

#include "adapters/http/http.h"
#include "adapters/linux/address.h"
#include "adapters/linux/clock.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "ports/host.h"

namespace mainstay::adapters {

class LinuxHost : public Host {
 public:
  explicit LinuxHost(Loop& loop);

  Task<Status> add_address(std::string interface, IpAddress address, Call call) override;
  Task<Status> remove_address(std::string interface, IpAddress address, Call call) override;
  Task<Result<bool>> has_address(IpAddress address, Call call) override;
  Task<Result<std::string>> interface_with_mac(std::string mac, Call call) override;
  Task<Result<std::string>> interface_with_address(IpAddress address, Call call) override;
  Task<Result<Duration>> ping(IpAddress address, Call call) override;
  Task<Result<Duration>> connect_tcp(std::string host, int port, Call call) override;
  Task<Result<int>> http_head(HttpHead request, Call call) override;

 private:
  template <class T>
  Task<Result<T>> by_netlink(std::move_only_function<Result<T>()> job, Call call, Error late);
  Task<Result<std::vector<SocketAddress>>> resolve(std::string host, int port, Call call);
  Task<Status> connect_one(SocketAddress address, std::string name, Call call);

  Loop& loop_;
  Worker netlink_worker_;
  Worker resolve_worker_;
  LinuxClock clock_;
  HttpClient http_;
};

}  // namespace mainstay::adapters
