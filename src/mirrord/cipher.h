// AES-256-GCM for one direction of a connection: every message has a number, which is the nonce.
// The processors of this decade do it faster than memory is copied.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "adapters/linux/seal.h"
#include "base/bytes.h"

namespace mainstay::mirrord {

inline constexpr std::size_t cipher_tag_size = 16;
using CipherTag = std::array<std::uint8_t, cipher_tag_size>;

// A message is begun, goes through in any number of pieces, and is ended.
class Cipher {
 public:
  enum class Use : std::uint8_t { seals, opens };
  Cipher(const adapters::Key& key, Use use);
  ~Cipher();
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) noexcept;

  void begin(ByteView header);
  // `out` may be where `in` is; as many bytes. What was opened is not to be believed before the
  // end.
  void pass(ByteView in, std::uint8_t* out);
  CipherTag end_sealing();
  // False: not what was sealed as the message of this number.
  bool end_opening(const CipherTag& tag);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::uint64_t number_ = 0;
};

}  // namespace mainstay::mirrord
