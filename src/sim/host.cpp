#include "sim/host.h"

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

Task<Status> HostPort::add_address(std::string interface, IpAddress address, Call call) {
  (void)call;  // The kernel answers at once.
  if (!names_.contains(interface)) co_return failure(Code::not_found, "no interface " + interface);
  if (machine_.daemon_runs()) added_.insert(std::move(address));
  co_return Status{};
}

Task<Status> HostPort::remove_address(std::string interface, IpAddress address, Call call) {
  (void)call;
  if (!names_.contains(interface)) co_return failure(Code::not_found, "no interface " + interface);
  if (machine_.daemon_runs()) added_.erase(address);
  co_return Status{};
}

Task<Result<bool>> HostPort::has_address(IpAddress address, Call call) {
  (void)call;
  co_return added_.contains(address) ||
      machine_.world().region().own_address(machine_.index()) == address;
}

Task<Result<std::string>> HostPort::interface_with_mac(std::string mac, Call call) {
  (void)call;
  if (mac == machine_.world().region().mac(machine_.index())) co_return std::string("ens5");
  co_return failure(Code::not_found, "no interface has the MAC address " + mac +
                                         "; there are lo, ens5 (" +
                                         machine_.world().region().mac(machine_.index()) + ")");
}

Task<Result<std::string>> HostPort::interface_with_address(IpAddress address, Call call) {
  (void)call;
  if (added_.contains(address) ||
      machine_.world().region().own_address(machine_.index()) == address) {
    co_return std::string("ens5");
  }
  co_return failure(Code::not_found, "no interface has the address " + address);
}

bool HostPort::answers(const std::string& address) const {
  World& world = machine_.world();
  if (const auto place = world.region().place_of(address)) {
    const auto [path, target] = *place;
    if (target == machine_.index()) return true;
    if (!world.machine(target).executing()) return false;
    return !world.conditions().link(path, machine_.index(), target).cut &&
           !world.conditions().link(path, target, machine_.index()).cut;
  }
  if (added_.contains(address)) return true;
  return !machine_.conditions().outside_cut && world.region().answers(address);
}

Task<Result<Duration>> HostPort::reach(std::string address, Call call, const char* what) {
  const auto done = machine_.pending<Duration>(call, Code::timed_out, what);
  const Duration there = machine_.random().between(200us, 2ms);
  if (machine_.daemon_runs() && answers(address)) {
    // It must still be reachable when the answer travels.
    machine_.on_daemon_after(there, [this, done, there, address] {
      if (answers(address)) done.set(there);
    });
  }
  co_return co_await done;
}

Task<Result<Duration>> HostPort::ping(IpAddress address, Call call) {
  return reach(std::move(address), std::move(call), "ping");
}

Task<Result<Duration>> HostPort::connect_tcp(std::string host, int port, Call call) {
  (void)port;
  return reach(std::move(host), std::move(call), "connect");
}

Task<Result<int>> HostPort::http_head(HttpHead request, Call call) {
  std::string host = request.url.substr(request.url.find("://") + 3);
  host = host.substr(0, host.find_first_of(":/"));
  const auto reached = co_await reach(std::move(host), std::move(call), "HEAD");
  if (!reached) co_return std::unexpected(reached.error());
  co_return 200;
}

}  // namespace mainstay::sim
