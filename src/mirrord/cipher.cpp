#include "mirrord/cipher.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t nonce_size = 12;

std::array<std::uint8_t, nonce_size> nonce_of(std::uint64_t number) {
  std::array<std::uint8_t, nonce_size> nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return nonce;
}

}  // namespace

struct Cipher::Context {
  EVP_CIPHER_CTX* evp = EVP_CIPHER_CTX_new();
  Context() { MAINSTAY_CHECK(evp != nullptr); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_CIPHER_CTX_free(evp); }
};

Cipher::Cipher(const adapters::Key& key, Use use) : context_(std::make_unique<Context>()) {
  const int seals = use == Use::seals ? 1 : 0;
  MAINSTAY_CHECK(EVP_CipherInit_ex(context_->evp, EVP_aes_256_gcm(), nullptr, key.data(), nullptr,
                                   seals) == 1);
}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;

void Cipher::begin(ByteView header) {
  EVP_CIPHER_CTX* evp = context_->evp;
  const auto nonce = nonce_of(number_++);
  int size = 0;
  MAINSTAY_CHECK(
      EVP_CipherInit_ex(evp, nullptr, nullptr, nullptr, nonce.data(), -1) == 1 &&
      EVP_CipherUpdate(evp, nullptr, &size, header.data(), static_cast<int>(header.size())) == 1);
}

void Cipher::pass(ByteView in, std::uint8_t* out) {
  int size = 0;
  MAINSTAY_CHECK(
      EVP_CipherUpdate(context_->evp, out, &size, in.data(), static_cast<int>(in.size())) == 1);
}

CipherTag Cipher::end_sealing() {
  EVP_CIPHER_CTX* evp = context_->evp;
  CipherTag tag{};
  int size = 0;
  MAINSTAY_CHECK(EVP_CipherFinal_ex(evp, tag.data(), &size) == 1 &&
                 EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_GCM_GET_TAG, cipher_tag_size, tag.data()) == 1);
  return tag;
}

bool Cipher::end_opening(const CipherTag& tag) {
  EVP_CIPHER_CTX* evp = context_->evp;
  CipherTag expected = tag;
  int size = 0;
  MAINSTAY_CHECK(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_GCM_SET_TAG, cipher_tag_size, expected.data()) ==
                 1);
  return EVP_CipherFinal_ex(evp, expected.data(), &size) == 1;
}

}  // namespace mainstay::mirrord
