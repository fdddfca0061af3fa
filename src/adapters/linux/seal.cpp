// Authenticated encryption and key derivation, on libsodium.
#include "adapters/linux/seal.h"

#include <sodium.h>

#include "base/check.h"

namespace mainstay::adapters {
namespace {

static_assert(seal_nonce_size == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(seal_tag_size == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(std::tuple_size_v<Key> == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

}  // namespace

void sodium_ready() { MAINSTAY_CHECK(sodium_init() >= 0); }

void random_bytes(std::span<std::uint8_t> bytes) { randombytes_buf(bytes.data(), bytes.size()); }

Key derive_key(const Key& key, std::initializer_list<ByteView> parts) {
  sodium_ready();
  crypto_generichash_state state;
  Key derived{};
  crypto_generichash_init(&state, key.data(), key.size(), derived.size());
  for (const ByteView part : parts) {
    ByteWriter length;
    length.u64(part.size());
    crypto_generichash_update(&state, length.bytes().data(), length.bytes().size());
    crypto_generichash_update(&state, part.data(), part.size());
  }
  crypto_generichash_final(&state, derived.data(), derived.size());
  return derived;
}

Key derive_key(const ClusterKey& key, std::initializer_list<ByteView> parts) {
  return derive_key(key.bytes, parts);
}

std::uint64_t short_hash(std::string_view text) {
  sodium_ready();
  std::array<std::uint8_t, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), nullptr, 0);
  return ByteReader(hash).u64();
}

void seal(const Key& key, const Nonce& nonce, ByteView header, ByteView plain, Bytes& out) {
  const std::size_t before = out.size();
  out.resize(before + plain.size() + seal_tag_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + before, nullptr, plain.data(),
                                             plain.size(), header.data(), header.size(), nullptr,
                                             nonce.data(), key.data());
}

std::optional<Bytes> unseal(const Key& key, const Nonce& nonce, ByteView header, ByteView sealed) {
  if (sealed.size() < seal_tag_size) return std::nullopt;
  Bytes plain(sealed.size() - seal_tag_size);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, sealed.data(),
                                                 sealed.size(), header.data(), header.size(),
                                                 nonce.data(), key.data()) != 0) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace mainstay::adapters
