// A DNS server over UDP and TCP in a network namespace.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lab/dns_message.h"
#include "lab/files.h"
#include "lab/ipv4.h"

namespace mainstay::lab {

inline constexpr int dns_port = 53;

class DnsServer {
 public:
  // Called from the server's threads; nothing: the question is left without an answer.
  using Handler = std::function<std::optional<DnsAnswer>(const DnsQuestion&, Ipv4 peer)>;
  static Result<std::unique_ptr<DnsServer>> start(const Fd& network_namespace, Ipv4 address,
                                                  Handler handler);
  ~DnsServer();

 private:
  struct State;
  explicit DnsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::lab
