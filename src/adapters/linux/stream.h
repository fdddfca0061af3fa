// One direction of control messages between two nodes over one TCP connection: handshake and
// frames. Pure: bytes in, bytes out.
//
// Why not TLS: with one shared secret and no certificates, what is left of TLS 1.3 is a key
// exchange under a pre-shared key and AEAD records. That is what this is, on the primitives the
// datagrams use anyway, in two hundred lines, without a second key format, a memory BIO or a state
// machine that waits.
//
// Handshake. Each side sends a hello: magic, the range of protocol versions it speaks, cluster,
// sender, addressee, role, a fresh X25519 public key, and a MAC over all of it under a key derived
// from the cluster's key. The session keys, one per direction, are derived from the cluster's key,
// the X25519 secret and both hellos. Then each side sends a first frame, `confirm`; that it opens
// proves that the other side knows the cluster's key *now*, because our own fresh public key is in
// the derivation. So both are authenticated, a recorded hello leads nowhere, no hello can be
// changed or reflected (role and names are in it), and a cluster key that leaks later does not open
// what was recorded. The cluster speaks the highest version both sides know.
//
// Frames. A length (4 bytes, authenticated), then type and content sealed with XChaCha20-Poly1305;
// the nonce is the frame's number, so frames cannot be repeated, left out or exchanged. The first
// byte that does not fit ends the connection.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/linux/datagram.h"
#include "adapters/linux/seal.h"
#include "base/bytes.h"
#include "base/name.h"
#include "base/result.h"

namespace mainstay::adapters {

// The versions of the control protocol that this program speaks.
struct ProtocolRange {
  std::uint16_t lowest = 1;
  std::uint16_t highest = 1;
};

struct StreamIdentity {
  std::string cluster;
  NodeName self;
  ClusterKey key;
  std::vector<NodeName> peers;
  ProtocolRange versions;
};

// Why a connection was ended by us: a reason to count, and a sentence.
struct StreamRefusal {
  Drop reason;
  std::string why;
};

class StreamSession {
 public:
  using OnMessage = std::function<void(ByteView message)>;

  // The side that connects, and that will send messages.
  static StreamSession connecting(const StreamIdentity& identity, const NodeName& peer);
  // The side that accepts, and that will receive them.
  static StreamSession accepting(const StreamIdentity& identity);

  // Takes what came from the other side. Messages are handed on only once the session is ready.
  // After a refusal the session is dead.
  std::optional<StreamRefusal> feed(ByteView bytes, const OnMessage& on_message);
  // What is to be sent for the handshake; empty if nothing is.
  Bytes take_output() { return std::exchange(output_, {}); }
  // The other side has proved who it is.
  bool ready() const { return ready_; }
  // Who it is; before ready(), who it says it is.
  const NodeName& peer() const { return peer_; }
  std::uint16_t version() const { return version_; }

  // For a protocol of its own behind this handshake: a key for each direction. Only when ready; the
  // session is then fed no more.
  struct Keys {
    Key send;
    Key receive;
  };
  Keys keys(std::string_view purpose) const;

  // Appends the message as a frame. Only when ready, and only on the side that connected.
  void frame(ByteView message, Bytes& out);

 private:
  enum class Role : std::uint8_t { connects, accepts };
  enum class Type : std::uint8_t { confirm, message };
  struct Direction {
    Key key{};
    std::uint64_t frames = 0;
    Nonce next_nonce();
  };
  struct Hello;
  using Refusal = std::optional<StreamRefusal>;

  StreamSession(const StreamIdentity& identity, Role role);
  Key hello_key(const NodeName& from, const NodeName& to, Role role) const;
  void send_hello();
  Refusal take_hello(ByteView bytes);
  Refusal check_hello(const Hello& hello);
  Refusal derive_keys(const Hello& theirs, ByteView their_bytes);
  Refusal take_frame(ByteView length, ByteView sealed, const OnMessage& on_message);
  void append_frame(Type type, ByteView content, Bytes& out);

  StreamIdentity identity_;
  Role role_;
  NodeName peer_;
  Key secret_{};
  Bytes own_hello_;
  Bytes input_;
  Bytes output_;
  Direction send_;
  Direction receive_;
  std::uint16_t version_ = 0;
  bool hello_taken_ = false;
  bool ready_ = false;
};

}  // namespace mainstay::adapters
