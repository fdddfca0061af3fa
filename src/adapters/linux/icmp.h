// One ICMP echo request and its answer.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "adapters/linux/address.h"
#include "adapters/linux/loop.h"
#include "base/bytes.h"
#include "posix/fd.h"

namespace mainstay::adapters {

// Waits for the answer as long as it lives. Uses a ping socket where the kernel's
// net.ipv4.ping_group_range permits us, else a raw one (CAP_NET_RAW).
class EchoRequest {
 public:
  // `answered` is called with the round-trip time, once.
  static Result<std::unique_ptr<EchoRequest>> send(Loop& loop, const SocketAddress& target,
                                                   std::function<void(Duration)> answered);
  ~EchoRequest();
  EchoRequest(const EchoRequest&) = delete;
  EchoRequest& operator=(const EchoRequest&) = delete;

 private:
  explicit EchoRequest(Loop& loop) : loop_(loop) {}
  Status open_socket(int family);
  Status send_request(const SocketAddress& target);
  void receive();
  bool is_answer(ByteView packet) const;

  Loop& loop_;
  Fd socket_;
  bool raw_ = false;
  bool is_v4_ = true;
  // Random, so that an answer to somebody else's request is not taken for ours.
  std::array<std::uint8_t, 16> cookie_{};
  Instant sent_at_;
  std::function<void(Duration)> answered_;
};

}  // namespace mainstay::adapters
