// One machine's own network: its interface, the addresses on it, and what answers to a ping.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "ports/host.h"

namespace mainstay::sim {

class Machine;

class HostPort : public Host {
 public:
  explicit HostPort(Machine& machine) : machine_(machine) {}
  Task<Status> add_address(std::string interface, IpAddress address, Call call) override;
  Task<Status> remove_address(std::string interface, IpAddress address, Call call) override;
  Task<Result<bool>> has_address(IpAddress address, Call call) override;
  Task<Result<std::string>> interface_with_mac(std::string mac, Call call) override;
  Task<Result<std::string>> interface_with_address(IpAddress address, Call call) override;
  Task<Result<Duration>> ping(IpAddress address, Call call) override;
  Task<Result<Duration>> connect_tcp(std::string host, int port, Call call) override;
  Task<Result<int>> http_head(HttpHead request, Call call) override;

  const std::set<IpAddress>& addresses() const { return added_; }
  // A kernel name of its one interface, besides "ens5".
  void also_called(std::string interface) { names_.insert(std::move(interface)); }
  void power_lost() { added_.clear(); }

 private:
  Task<Result<Duration>> reach(std::string address, Call call, const char* what);
  // Whether an echo would come back from there at this moment.
  bool answers(const std::string& address) const;

  Machine& machine_;
  std::set<IpAddress> added_;
  std::set<std::string> names_{"ens5"};
};

}  // namespace mainstay::sim
