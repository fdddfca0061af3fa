// Handshake and frames of the control stream.
#include "adapters/linux/stream.h"

#include <sodium.h>

#include "base/check.h"
#include "ports/network.h"

namespace mainstay::adapters {
namespace {

constexpr std::uint32_t magic = 0x4c54'434d;  // "MCTL" on the wire
constexpr std::size_t versions_end = 8;       // magic and versions stay where they are, for ever
constexpr std::size_t hello_clear_size = versions_end + 1 + 3 * 8 + 32;
constexpr std::size_t hello_size = hello_clear_size + 32;
constexpr std::size_t length_size = 4;
constexpr std::size_t sealed_size_max = 1 + stream_message_size_max + seal_tag_size;

}  // namespace

struct StreamSession::Hello {
  ProtocolRange versions;
  Role role = Role::connects;
  std::uint64_t cluster = 0;
  std::uint64_t sender = 0;
  std::uint64_t addressee = 0;
  Key public_key{};

  Bytes clear() const {
    ByteWriter writer;
    writer.u32(magic);
    writer.u16(versions.lowest);
    writer.u16(versions.highest);
    writer.u8(static_cast<std::uint8_t>(role));
    writer.u64(cluster);
    writer.u64(sender);
    writer.u64(addressee);
    writer.raw(public_key);
    MAINSTAY_CHECK(writer.bytes().size() == hello_clear_size);
    return writer.take();
  }
  static std::optional<Hello> read(ByteView bytes) {
    ByteReader reader(bytes);
    Hello hello;
    reader.u32();
    hello.versions.lowest = reader.u16();
    hello.versions.highest = reader.u16();
    hello.role = reader.enumerator<Role>(2);
    hello.cluster = reader.u64();
    hello.sender = reader.u64();
    hello.addressee = reader.u64();
    for (auto& byte : hello.public_key) byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    return hello;
  }
};

Nonce StreamSession::Direction::next_nonce() {
  ByteWriter writer;
  writer.u64(frames++);
  Nonce nonce{};
  std::ranges::copy(writer.bytes(), nonce.begin());
  return nonce;
}

StreamSession::StreamSession(const StreamIdentity& identity, Role role)
    : identity_(identity), role_(role) {
  sodium_ready();
  random_bytes(secret_);
}

StreamSession StreamSession::connecting(const StreamIdentity& identity, const NodeName& peer) {
  StreamSession session(identity, Role::connects);
  session.peer_ = peer;
  session.send_hello();
  return session;
}

StreamSession StreamSession::accepting(const StreamIdentity& identity) {
  return {identity, Role::accepts};
}

Key StreamSession::hello_key(const NodeName& from, const NodeName& to, Role role) const {
  const auto role_byte = static_cast<std::uint8_t>(role);
  return derive_key(identity_.key,
                    {as_bytes("mainstay stream hello v1"), as_bytes(identity_.cluster),
                     as_bytes(from.value), as_bytes(to.value), ByteView(&role_byte, 1)});
}

void StreamSession::send_hello() {
  Hello hello{.versions = identity_.versions,
              .role = role_,
              .cluster = short_hash(identity_.cluster),
              .sender = short_hash(identity_.self.value),
              .addressee = short_hash(peer_.value)};
  MAINSTAY_CHECK(crypto_scalarmult_base(hello.public_key.data(), secret_.data()) == 0);
  own_hello_ = hello.clear();
  const Key mac = derive_key(hello_key(identity_.self, peer_, role_), {own_hello_});
  own_hello_.insert(own_hello_.end(), mac.begin(), mac.end());
  output_.insert(output_.end(), own_hello_.begin(), own_hello_.end());
}

std::optional<StreamRefusal> StreamSession::feed(ByteView bytes, const OnMessage& on_message) {
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  ByteView rest(input_);
  if (!hello_taken_) {
    if (rest.size() >= length_size && ByteReader(rest).u32() != magic) {
      return StreamRefusal{Drop::foreign, "it does not speak Mainstay's control protocol"};
    }
    if (rest.size() < hello_size) return std::nullopt;
    if (auto refusal = take_hello(rest.first(hello_size))) return refusal;
    rest = rest.subspan(hello_size);
  }
  while (rest.size() >= length_size) {
    const std::size_t size = ByteReader(rest).u32();
    if (size < 1 + seal_tag_size) return StreamRefusal{Drop::malformed, "it sent an empty frame"};
    // Before the other side has proved itself, it may not make us hold more than a confirm.
    if (size > (ready_ ? sealed_size_max : 1 + seal_tag_size)) {
      return StreamRefusal{Drop::oversized, "it sent a frame that is too large"};
    }
    if (rest.size() < length_size + size) break;
    auto refusal = take_frame(rest.first(length_size), rest.subspan(length_size, size), on_message);
    if (refusal) return refusal;
    rest = rest.subspan(length_size + size);
  }
  input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return std::nullopt;
}

StreamSession::Refusal StreamSession::take_hello(ByteView bytes) {
  const auto hello = Hello::read(bytes);
  if (!hello) return StreamRefusal{Drop::malformed, "its hello makes no sense"};
  if (auto refusal = check_hello(*hello)) return refusal;
  const Role their_role = role_ == Role::connects ? Role::accepts : Role::connects;
  const Key mac =
      derive_key(hello_key(peer_, identity_.self, their_role), {bytes.first(hello_clear_size)});
  if (sodium_memcmp(mac.data(), bytes.data() + hello_clear_size, mac.size()) != 0) {
    return StreamRefusal{Drop::forged, "its cluster key differs from this node's"};
  }
  if (role_ == Role::accepts) send_hello();
  if (auto refusal = derive_keys(*hello, bytes)) return refusal;
  hello_taken_ = true;
  // The side that connects speaks last, so that its confirm and first message travel together.
  if (role_ == Role::accepts) append_frame(Type::confirm, {}, output_);
  return std::nullopt;
}

StreamSession::Refusal StreamSession::check_hello(const Hello& hello) {
  const ProtocolRange ours = identity_.versions;
  const ProtocolRange theirs = hello.versions;
  version_ = std::min(ours.highest, theirs.highest);
  if (version_ < std::max(ours.lowest, theirs.lowest)) {
    return StreamRefusal{Drop::other_version,
                         fmt::format("it speaks versions {} to {} of the control protocol, this "
                                     "node {} to {}; upgrade the older one",
                                     theirs.lowest, theirs.highest, ours.lowest, ours.highest)};
  }
  if (hello.cluster != short_hash(identity_.cluster)) {
    return StreamRefusal{Drop::wrong_cluster,
                         fmt::format("it is not of the cluster '{}'", identity_.cluster)};
  }
  const auto sender = std::ranges::find_if(identity_.peers, [&](const NodeName& name) {
    return name != identity_.self && short_hash(name.value) == hello.sender;
  });
  const bool expected =
      role_ == Role::accepts || (sender != identity_.peers.end() && *sender == peer_);
  if (sender == identity_.peers.end() || !expected || hello.role == role_ ||
      hello.addressee != short_hash(identity_.self.value)) {
    return StreamRefusal{Drop::foreign, "it is not the node it should be, or is not configured"};
  }
  peer_ = *sender;
  return std::nullopt;
}

StreamSession::Refusal StreamSession::derive_keys(const Hello& theirs, ByteView their_bytes) {
  Key shared{};
  if (crypto_scalarmult(shared.data(), secret_.data(), theirs.public_key.data()) != 0) {
    return StreamRefusal{Drop::malformed, "its public key is none"};
  }
  const bool we_connect = role_ == Role::connects;
  const ByteView first = we_connect ? ByteView(own_hello_) : their_bytes;
  const ByteView second = we_connect ? their_bytes : ByteView(own_hello_);
  const Key session =
      derive_key(identity_.key, {as_bytes("mainstay stream v1"), shared, first, second});
  const Key forward = derive_key(session, {as_bytes("from the side that connects")});
  const Key back = derive_key(session, {as_bytes("from the side that accepts")});
  send_.key = we_connect ? forward : back;
  receive_.key = we_connect ? back : forward;
  sodium_memzero(secret_.data(), secret_.size());
  sodium_memzero(shared.data(), shared.size());
  return std::nullopt;
}

StreamSession::Refusal StreamSession::take_frame(ByteView length, ByteView sealed,
                                                 const OnMessage& on_message) {
  const auto plain = unseal(receive_.key, receive_.next_nonce(), length, sealed);
  if (!plain) return StreamRefusal{Drop::forged, "a frame was changed on the way"};
  MAINSTAY_CHECK(!plain->empty());
  const std::uint8_t type = plain->front();
  if (!ready_) {
    if (type != static_cast<std::uint8_t>(Type::confirm)) {
      return StreamRefusal{Drop::malformed, "it did not confirm the handshake"};
    }
    ready_ = true;
    if (role_ == Role::connects) append_frame(Type::confirm, {}, output_);
    return std::nullopt;
  }
  if (role_ == Role::connects || type != static_cast<std::uint8_t>(Type::message)) {
    return StreamRefusal{Drop::malformed, "it sent a frame of an unknown type"};
  }
  on_message(ByteView(*plain).subspan(1));
  return std::nullopt;
}

void StreamSession::append_frame(Type type, ByteView content, Bytes& out) {
  Bytes plain{static_cast<std::uint8_t>(type)};
  plain.insert(plain.end(), content.begin(), content.end());
  ByteWriter length;
  length.u32(static_cast<std::uint32_t>(plain.size() + seal_tag_size));
  out.insert(out.end(), length.bytes().begin(), length.bytes().end());
  seal(send_.key, send_.next_nonce(), length.bytes(), plain, out);
}

StreamSession::Keys StreamSession::keys(std::string_view purpose) const {
  MAINSTAY_CHECK(ready_);
  return {derive_key(send_.key, {as_bytes(purpose)}),
          derive_key(receive_.key, {as_bytes(purpose)})};
}

void StreamSession::frame(ByteView message, Bytes& out) {
  MAINSTAY_CHECK(ready_ && role_ == Role::connects);
  MAINSTAY_CHECK(message.size() <= stream_message_size_max);
  append_frame(Type::message, message, out);
}

}  // namespace mainstay::adapters
