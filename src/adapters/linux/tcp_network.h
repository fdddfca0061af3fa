// Control messages: for each peer one TCP connection that we open and send on; theirs to us come
// in on the one they open. So order is per direction, and two nodes that connect at the same time
// need no agreement which connection counts.
//
// A connection is opened by the first message, over the first path that works: paths on which
// heartbeats were heard lately come first, then the rest, each in the order of their priority. When
// all paths have failed the queue is dropped, and the next try waits (longer each time).
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/linux/address.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/network_config.h"
#include "adapters/linux/stream.h"
#include "posix/fd.h"

namespace mainstay::adapters {

// Messages, and bytes of messages, that wait for one peer. One more is dropped.
inline constexpr std::size_t stream_queue_max = 1024;
inline constexpr std::size_t stream_queue_size_max = 4 * stream_message_size_max;
// From the first packet to the end of the handshake, on one path.
inline constexpr Duration connect_patience = 1s;
// Bytes that the other machine does not acknowledge for so long break the connection.
inline constexpr Duration unacknowledged_max = 3s;
// After a round over all paths failed.
inline constexpr Duration reconnect_delay_min = 100ms;
inline constexpr Duration reconnect_delay_max = 5s;
// Accepted connections that have not proved who they are; the oldest makes room for one more.
inline constexpr std::size_t strangers_max = 64;

struct StreamCounts {
  DropCounts refused{};                // connections ended by us, by reason
  std::uint64_t connected = 0;         // handshakes of ours that succeeded
  std::uint64_t broken = 0;            // connections of ours that ended after that
  std::uint64_t rounds_failed = 0;     // no path worked
  std::uint64_t messages_dropped = 0;  // by full queues and failed rounds
};

class TcpNetwork {
 public:
  using OnMessage = std::function<void(const NodeName& from, ByteView message)>;
  // True if the peer was heard on this path lately.
  using PathWorks = std::function<bool(const NodeName& peer, PathIndex path)>;

  static Result<std::unique_ptr<TcpNetwork>> open(Loop& loop, const NetworkConfig& config,
                                                  PathWorks path_works);
  ~TcpNetwork();
  TcpNetwork(const TcpNetwork&) = delete;
  TcpNetwork& operator=(const TcpNetwork&) = delete;

  void listen(OnMessage on_message) { on_message_ = std::move(on_message); }
  void send(const NodeName& to, ByteView message);

  const StreamCounts& counts() const { return counts_; }
  // Why the last try to reach this peer failed; "" once it succeeded.
  std::string problem(const NodeName& peer) const;

 private:
  class Link;
  class Incoming;

  TcpNetwork(Loop& loop, const NetworkConfig& config, PathWorks path_works);
  Status listen_on(const IpAddress& own);
  void accept_some(int listener);
  void make_room_for_stranger();
  void became_ready(Incoming& incoming);
  void remove(Incoming& incoming);

  Loop& loop_;
  NetworkConfig config_;
  StreamIdentity identity_;
  PathWorks path_works_;
  OnMessage on_message_;
  StreamCounts counts_;
  std::vector<Fd> listeners_;
  std::map<NodeName, std::unique_ptr<Link>> links_;
  std::list<std::shared_ptr<Incoming>> incoming_;
};

}  // namespace mainstay::adapters
