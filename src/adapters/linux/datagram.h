// Sealed datagrams: how a heartbeat is made so that only this cluster can make it, only its
// addressee can read it, and nobody can play it back. Pure: no sockets; time comes in as argument.
//
// Layout: a header of 56 bytes in the clear (magic, version, kind, path, cluster, sender,
// addressee, the sender's boot nonce, counter), then the payload sealed with XChaCha20-Poly1305,
// the header being authenticated with it.
//
// Keys. From the cluster's key one key is derived per (sender, addressee, path), the cluster's name
// included. So a datagram cannot be turned round to its sender, handed to a third node or moved to
// another path. The nonce of the cipher is the boot nonce (128 random bits, drawn when a node's
// process starts) and the counter (64 bits, one count per addressee): no pair of key and nonce is
// ever used twice, without anything being stored.
//
// Replay. Within one boot of the sender a window of counters per (sender, path) lets each datagram
// in once. But which boot nonce is the sender's present one? A wall clock would answer wrongly when
// it is set back, and a file can be lost. So the receiver asks: a datagram under an unknown boot
// nonce is not delivered; the receiver draws a random token and sends it as a challenge, and only a
// response that carries this token, sealed under the new boot nonce, makes that nonce the present
// one. A recording cannot contain the answer to a token that was drawn after it. The response's
// counter is the floor of the windows of all paths, so that nothing sealed before it is let in. A
// token is
// used once and expires; challenges are few (challenge_interval), so that replayed datagrams make
// no traffic to speak of. Challenge and response are the only kinds that are taken without being
// fresh: a replayed challenge asks for a response to a token that is gone, a replayed response
// carries one.
//
// The price: one round trip and the datagrams of that time when a peer was started anew. What this
// cannot notice is a first delivery that somebody delayed; no decision of the cluster takes a
// heartbeat for more than a guess.
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/linux/cluster_key.h"
#include "adapters/linux/seal.h"
#include "base/bytes.h"
#include "base/name.h"
#include "base/time.h"
#include "ports/network.h"

namespace mainstay::adapters {

inline constexpr std::size_t datagram_header_size = 56;
// The largest datagram on the wire.
inline constexpr std::size_t datagram_wire_max =
    datagram_header_size + datagram_size_max + seal_tag_size;
// Counters that may arrive out of order.
inline constexpr std::uint64_t replay_window_size = 64;
// A peer is challenged at most once in this time.
inline constexpr Duration challenge_interval = 50ms;
// A response counts for this long after its token was drawn.
inline constexpr Duration challenge_lifetime = 5s;
// The nonces of past boots that are remembered to count their replays without a challenge.
inline constexpr std::size_t retired_boots_max = 8;

// Why a datagram was not delivered.
enum class Drop {
  foreign,        // not ours: no magic, or from a node that is not configured, or not for us
  other_version,  // ours, of a version we do not speak
  wrong_cluster,  // of another cluster
  oversized,      // larger than we ever send
  malformed,      // shorter than a header, or nonsense that was sealed with our key
  forged,         // not sealed with this cluster's key, or changed on the way
  replayed,       // seen before, or of a past boot
  unverified,     // authentic, of a boot that must answer our challenge first
};
inline constexpr std::size_t drop_kinds = 8;
std::string_view to_text(Drop drop);

using DropCounts = std::array<std::uint64_t, drop_kinds>;

// Which counters of one sender on one path were seen.
class ReplayWindow {
 public:
  // Nothing up to and including `floor` is let in.
  explicit ReplayWindow(std::uint64_t floor) : highest_(floor) { seen_.set(); }
  ReplayWindow() : ReplayWindow(0) {}
  // True, and noted, the first time a counter is given that is not too old.
  bool admit(std::uint64_t counter);

 private:
  std::uint64_t highest_;
  std::bitset<replay_window_size> seen_;  // bit i: highest_ - i
};

// The two ends of every path between this node and its peers.
class DatagramCodec {
 public:
  struct Identity {
    std::string cluster;
    NodeName self;
    ClusterKey key;
    std::vector<NodeName> peers;
    PathIndex paths = 1;
  };
  struct Delivery {
    NodeName from;
    Bytes payload;
  };
  // To be sent to this peer on the path on which the question came.
  struct Answer {
    NodeName to;
    Bytes wire;
    std::optional<Drop> drop;  // why the datagram that led to it was not delivered, if it was one
  };
  // Taken, and nothing is to be done: a challenge's response, for example.
  struct Nothing {};
  using Opened = std::variant<Delivery, Answer, Nothing, Drop>;

  explicit DatagramCodec(Identity identity);

  // Nothing for an unknown peer or path, or a payload that is too large.
  std::optional<Bytes> make(const NodeName& to, PathIndex path, ByteView payload);
  Opened open(PathIndex path, ByteView wire, Instant now);

 private:
  enum class Kind : std::uint8_t { data, challenge, response };
  using Boot = std::array<std::uint8_t, 16>;
  struct Header;
  struct Challenge {
    Boot token{};
    Instant drawn_at;
    bool outstanding = false;
    Instant asked_at = Instant::min();
  };
  struct Path {
    Key send_key{};
    Key receive_key{};
    ReplayWindow window;
  };
  struct Peer {
    NodeName name;
    std::uint64_t id = 0;
    std::uint64_t sent = 0;
    std::optional<Boot> boot;
    std::vector<Boot> retired;
    Challenge challenge;
    std::vector<Path> paths;
  };

  Bytes sealed(Peer& peer, PathIndex path, Kind kind, ByteView payload);
  static std::optional<Header> read_header(ByteView wire);
  Opened open_data(Peer& peer, PathIndex path, const Header& header, Bytes payload, Instant now);
  Opened open_challenge(Peer& peer, PathIndex path, ByteView payload);
  Opened open_response(Peer& peer, const Header& header, ByteView payload, Instant now);
  Opened challenge(Peer& peer, PathIndex path, const Header& header, Instant now);

  Identity identity_;
  Boot boot_{};
  std::uint64_t cluster_id_ = 0;
  std::uint64_t self_id_ = 0;
  std::vector<Peer> peers_;
};

}  // namespace mainstay::adapters
