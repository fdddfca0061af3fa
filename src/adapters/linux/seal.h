// Authenticated encryption and key derivation, as far as datagrams and streams need them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/linux/cluster_key.h"
#include "base/bytes.h"

namespace mainstay::adapters {

inline constexpr std::size_t seal_nonce_size = 24;
inline constexpr std::size_t seal_tag_size = 16;

using Key = std::array<std::uint8_t, 32>;
using Nonce = std::array<std::uint8_t, seal_nonce_size>;

// Must have been called before anything of libsodium is; calling it again costs nothing.
void sodium_ready();

void random_bytes(std::span<std::uint8_t> bytes);

// BLAKE2b of the parts, each preceded by its length, so that no two lists give the same input.
Key derive_key(const ClusterKey& key, std::initializer_list<ByteView> parts);
Key derive_key(const Key& key, std::initializer_list<ByteView> parts);
// A public short name for a text (a cluster, a node): 64 bits of BLAKE2b.
std::uint64_t short_hash(std::string_view text);

// XChaCha20-Poly1305. `header` is authenticated, not encrypted. Appends cipher text and tag.
void seal(const Key& key, const Nonce& nonce, ByteView header, ByteView plain, Bytes& out);
// Nothing if it was not sealed with this key, nonce and header.
std::optional<Bytes> unseal(const Key& key, const Nonce& nonce, ByteView header, ByteView sealed);

}  // namespace mainstay::adapters
