// Datagrams over several paths, and one ordered stream per peer, between the nodes of a cluster.
//
// What arrives is authentic: sealed with the cluster's key by a node of this cluster, not a replay,
// not foreign. Whatever fails that is dropped and counted below this interface. Nothing is promised
// about delivery.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/name.h"
#include "base/result.h"

namespace mainstay {

// A path's place in the priority order of the configuration; 0 is the best.
using PathIndex = std::uint8_t;

// The largest datagram payload that send_datagram takes.
inline constexpr std::size_t datagram_size_max = 60'000;
// The largest message of a stream.
inline constexpr std::size_t stream_message_size_max = 4 * 1024 * 1024;

class Network {
 public:
  struct Handler {
    std::function<void(const NodeName& from, PathIndex path, ByteView payload)> on_datagram;
    std::function<void(const NodeName& from, ByteView message)> on_message;
  };

  virtual ~Network() = default;

  // Set once, before anything is sent.
  virtual void listen(Handler handler) = 0;
  // Never waits; what cannot be sent at once is dropped.
  virtual void send_datagram(const NodeName& to, PathIndex path, ByteView payload) = 0;
  // Ordered and reliable while the connection lives; connects by itself over the best path that
  // works. A queue that is full, or a broken connection, drops messages: whoever needs an answer
  // asks again.
  virtual void send_message(const NodeName& to, ByteView message) = 0;
};

}  // namespace mainstay
