// Bytes on the wire and on disk: a writer, a reader that never runs past the end, a checksum.
//
// Numbers are little-endian; strings and lists are preceded by their length as a 32-bit number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mainstay {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void u16(std::uint16_t value) { little_endian(value, 2); }
  void u32(std::uint32_t value) { little_endian(value, 4); }
  void u64(std::uint64_t value) { little_endian(value, 8); }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void text(std::string_view value);
  void raw(ByteView value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }

  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }
  // How much will be written, if that is roughly known.
  void expect(std::size_t size) { bytes_.reserve(size); }

 private:
  void little_endian(std::uint64_t value, std::size_t size) {
    std::array<std::uint8_t, 8> low{};
    for (std::size_t i = 0; i < size; ++i) low[i] = static_cast<std::uint8_t>(value >> (8 * i));
    bytes_.insert(bytes_.end(), low.begin(), low.begin() + static_cast<std::ptrdiff_t>(size));
  }

  Bytes bytes_;
};

// Reads what ByteWriter wrote. After the first read past the end, or of an impossible value, ok()
// is false for ever and every further read gives zero or empty: a decoder reads everything and asks
// once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  bool boolean();
  // At most max_size bytes.
  std::string text(std::size_t max_size);
  // The number of elements of a list of at most max_count.
  std::size_t count(std::size_t max_count);
  // An enumerator: a byte below `count`.
  template <class E>
  E enumerator(std::uint8_t count) {
    const std::uint8_t value = u8();
    if (value < count) return static_cast<E>(value);
    fail();
    return static_cast<E>(0);
  }

  ByteView rest() const { return rest_; }
  bool ok() const { return ok_; }
  // Everything was read and all of it was possible.
  bool finished() const { return ok_ && rest_.empty(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::uint64_t little_endian(std::size_t size) {
    if (rest_.size() < size) {
      fail();
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= static_cast<std::uint64_t>(rest_[i]) << (8 * i);
    rest_ = rest_.subspan(size);
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

// CRC-32C (Castagnoli).
std::uint32_t crc32c(ByteView bytes);

// FNV-1a, 64 bits: digests of runs and of documents. Not for security.
class Digest {
 public:
  void add(ByteView bytes);
  void add(std::string_view text) { add(as_bytes(text)); }
  void add(std::uint64_t value);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace mainstay
