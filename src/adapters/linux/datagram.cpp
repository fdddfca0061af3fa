// Sealed datagrams.
#include "adapters/linux/datagram.h"

#include "base/check.h"

namespace mainstay::adapters {
namespace {

constexpr std::uint32_t magic = 0x5453'4d48;  // "HMST" on the wire
constexpr std::uint8_t version = 1;

Key path_key(const DatagramCodec::Identity& identity, const NodeName& from, const NodeName& to,
             PathIndex path) {
  return derive_key(identity.key, {as_bytes("mainstay datagram v1"), as_bytes(identity.cluster),
                                   as_bytes(from.value), as_bytes(to.value), ByteView(&path, 1)});
}

}  // namespace

std::string_view to_text(Drop drop) {
  constexpr std::array<std::string_view, drop_kinds> names{
      "foreign",   "other version", "wrong cluster", "oversized",
      "malformed", "forged",        "replayed",      "unverified"};
  return names[static_cast<std::size_t>(drop)];
}

bool ReplayWindow::admit(std::uint64_t counter) {
  if (counter > highest_) {
    const std::uint64_t steps = counter - highest_;
    seen_ = steps < replay_window_size ? seen_ << static_cast<std::size_t>(steps) : 0;
    seen_.set(0);
    highest_ = counter;
    return true;
  }
  const std::uint64_t age = highest_ - counter;
  if (age >= replay_window_size || seen_.test(static_cast<std::size_t>(age))) return false;
  seen_.set(static_cast<std::size_t>(age));
  return true;
}

struct DatagramCodec::Header {
  Kind kind = Kind::data;
  PathIndex path = 0;
  std::uint64_t cluster = 0;
  std::uint64_t sender = 0;
  std::uint64_t addressee = 0;
  Boot boot{};
  std::uint64_t counter = 0;

  Nonce nonce() const {
    ByteWriter writer;
    writer.raw(boot);
    writer.u64(counter);
    Nonce nonce{};
    std::ranges::copy(writer.bytes(), nonce.begin());
    return nonce;
  }
  Bytes encoded() const {
    ByteWriter writer;
    writer.u32(magic);
    writer.u8(version);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u8(path);
    writer.u8(0);
    writer.u64(cluster);
    writer.u64(sender);
    writer.u64(addressee);
    writer.raw(boot);
    writer.u64(counter);
    MAINSTAY_CHECK(writer.bytes().size() == datagram_header_size);
    return writer.take();
  }
};

std::optional<DatagramCodec::Header> DatagramCodec::read_header(ByteView wire) {
  ByteReader reader(wire.subspan(6));
  Header header;
  if (wire[5] > static_cast<std::uint8_t>(Kind::response)) return std::nullopt;
  header.kind = static_cast<Kind>(wire[5]);
  header.path = reader.u8();
  if (reader.u8() != 0) return std::nullopt;
  header.cluster = reader.u64();
  header.sender = reader.u64();
  header.addressee = reader.u64();
  for (auto& byte : header.boot) byte = reader.u8();
  header.counter = reader.u64();
  return header;
}

DatagramCodec::DatagramCodec(Identity identity) : identity_(std::move(identity)) {
  sodium_ready();
  random_bytes(boot_);
  cluster_id_ = short_hash(identity_.cluster);
  self_id_ = short_hash(identity_.self.value);
  for (const NodeName& name : identity_.peers) {
    if (name == identity_.self) continue;
    Peer peer{.name = name, .id = short_hash(name.value)};
    for (PathIndex path = 0; path < identity_.paths; ++path) {
      peer.paths.push_back({.send_key = path_key(identity_, identity_.self, name, path),
                            .receive_key = path_key(identity_, name, identity_.self, path)});
    }
    peers_.push_back(std::move(peer));
  }
}

Bytes DatagramCodec::sealed(Peer& peer, PathIndex path, Kind kind, ByteView payload) {
  const Header header{.kind = kind,
                      .path = path,
                      .cluster = cluster_id_,
                      .sender = self_id_,
                      .addressee = peer.id,
                      .boot = boot_,
                      .counter = ++peer.sent};
  Bytes wire = header.encoded();
  wire.reserve(wire.size() + payload.size() + seal_tag_size);
  const Bytes clear(wire);
  seal(peer.paths[path].send_key, header.nonce(), clear, payload, wire);
  return wire;
}

std::optional<Bytes> DatagramCodec::make(const NodeName& to, PathIndex path, ByteView payload) {
  const auto peer = std::ranges::find(peers_, to, &Peer::name);
  if (peer == peers_.end() || path >= identity_.paths) return std::nullopt;
  if (payload.size() > datagram_size_max) return std::nullopt;
  return sealed(*peer, path, Kind::data, payload);
}

DatagramCodec::Opened DatagramCodec::open(PathIndex path, ByteView wire, Instant now) {
  if (wire.size() < 5 || ByteReader(wire).u32() != magic) return Drop::foreign;
  if (wire[4] != version) return Drop::other_version;
  if (wire.size() > datagram_wire_max) return Drop::oversized;
  if (wire.size() < datagram_header_size + seal_tag_size) return Drop::malformed;
  const auto header = read_header(wire);
  if (!header) return Drop::malformed;
  if (header->cluster != cluster_id_) return Drop::wrong_cluster;
  const auto peer = std::ranges::find(peers_, header->sender, &Peer::id);
  // A path that differs from the one it came on is two paths mixed up in one node's configuration.
  if (peer == peers_.end() || header->addressee != self_id_ || header->path != path ||
      path >= identity_.paths) {
    return Drop::foreign;
  }
  auto payload = unseal(peer->paths[path].receive_key, header->nonce(),
                        wire.first(datagram_header_size), wire.subspan(datagram_header_size));
  if (!payload) return Drop::forged;
  switch (header->kind) {
    case Kind::data:
      return open_data(*peer, path, *header, std::move(*payload), now);
    case Kind::challenge:
      return open_challenge(*peer, path, *payload);
    case Kind::response:
      return open_response(*peer, *header, *payload, now);
  }
  return Drop::malformed;
}

DatagramCodec::Opened DatagramCodec::open_data(Peer& peer, PathIndex path, const Header& header,
                                               Bytes payload, Instant now) {
  if (peer.boot != header.boot) return challenge(peer, path, header, now);
  if (!peer.paths[path].window.admit(header.counter)) return Drop::replayed;
  return Delivery{.from = peer.name, .payload = std::move(payload)};
}

DatagramCodec::Opened DatagramCodec::challenge(Peer& peer, PathIndex path, const Header& header,
                                               Instant now) {
  if (std::ranges::find(peer.retired, header.boot) != peer.retired.end()) return Drop::replayed;
  Challenge& asked = peer.challenge;
  if (asked.asked_at != Instant::min() && now - asked.asked_at < challenge_interval) {
    return Drop::unverified;
  }
  if (!asked.outstanding || now - asked.drawn_at >= challenge_lifetime) {
    random_bytes(asked.token);
    asked.drawn_at = now;
    asked.outstanding = true;
  }
  asked.asked_at = now;
  return Answer{.to = peer.name,
                .wire = sealed(peer, path, Kind::challenge, asked.token),
                .drop = Drop::unverified};
}

DatagramCodec::Opened DatagramCodec::open_challenge(Peer& peer, PathIndex path, ByteView payload) {
  if (payload.size() != std::tuple_size_v<Boot>) return Drop::malformed;
  return Answer{.to = peer.name, .wire = sealed(peer, path, Kind::response, payload)};
}

DatagramCodec::Opened DatagramCodec::open_response(Peer& peer, const Header& header,
                                                   ByteView payload, Instant now) {
  Challenge& asked = peer.challenge;
  if (!asked.outstanding || now - asked.drawn_at >= challenge_lifetime ||
      !std::ranges::equal(payload, asked.token)) {
    return Drop::replayed;
  }
  asked.outstanding = false;
  if (peer.boot == header.boot) return Nothing{};
  if (peer.boot) {
    if (peer.retired.size() == retired_boots_max) peer.retired.erase(peer.retired.begin());
    peer.retired.push_back(*peer.boot);
  }
  peer.boot = header.boot;
  for (Path& each : peer.paths) each.window = ReplayWindow(header.counter);
  return Nothing{};
}

}  // namespace mainstay::adapters
