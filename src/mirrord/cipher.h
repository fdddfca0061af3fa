// AES-256-GCM for one direction of a connection: every call is one message, and its number is the
// nonce. The processors of this decade do it faster than memory is copied.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "adapters/linux/seal.h"
#include "base/bytes.h"

namespace mainstay::mirrord {

inline constexpr std::size_t cipher_tag_size = 16;
using CipherTag = std::array<std::uint8_t, cipher_tag_size>;

class Cipher {
 public:
  enum class Use : std::uint8_t { seals, opens };
  Cipher(const adapters::Key& key, Use use);
  ~Cipher();
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) noexcept;

  // `out` may be where `plain` is; as many bytes.
  CipherTag seal(ByteView header, ByteView plain, std::uint8_t* out);
  // False: not what was sealed as the message of this number.
  bool open(ByteView header, ByteView sealed, const CipherTag& tag, std::uint8_t* out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::uint64_t number_ = 0;
};

}  // namespace mainstay::mirrord
