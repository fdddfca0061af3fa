// What lies between the machines: paths that delay, lose, double, reorder and cut, one way at a
// time.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "ports/network.h"
#include "sim/time.h"

namespace mainstay::sim {

class World;

class Fabric {
 public:
  explicit Fabric(World& world) : world_(world) {}

  void send_datagram(std::size_t from, std::size_t to, PathIndex path, ByteView payload);
  void send_message(std::size_t from, std::size_t to, ByteView message);

  std::uint64_t datagrams_sent() const { return datagrams_sent_; }

 private:
  bool between_releases(std::size_t from, std::size_t to) const;
  void deliver_datagram(std::size_t from, std::size_t to, PathIndex path,
                        std::shared_ptr<const Bytes> payload, Duration delay);

  World& world_;
  std::vector<WorldTime> stream_until_;  // [from][to]: streams keep their order
  // Many datagrams in a row carry the same bytes, to each peer over each path.
  std::shared_ptr<const Bytes> last_payload_;
  std::uint64_t datagrams_sent_ = 0;
};

}  // namespace mainstay::sim
