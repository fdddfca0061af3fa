#include "base/bytes.h"

#include <array>

namespace mainstay {

void ByteWriter::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  raw(as_bytes(value));
}

bool ByteReader::boolean() {
  const std::uint8_t value = u8();
  if (value > 1) fail();
  return value == 1;
}

std::string ByteReader::text(std::size_t max_size) {
  const std::size_t size = u32();
  if (size > max_size || size > rest_.size()) {
    fail();
    return {};
  }
  std::string value(as_text(rest_.first(size)));
  rest_ = rest_.subspan(size);
  return value;
}

std::size_t ByteReader::count(std::size_t max_count) {
  const std::size_t value = u32();
  // Every element takes at least one byte, so a longer list than there are bytes is a lie.
  if (value > max_count || value > rest_.size()) {
    fail();
    return 0;
  }
  return value;
}

namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ crc_table[(crc ^ byte) & 0xff];
  return ~crc;
}

void Digest::add(ByteView bytes) {
  for (const std::uint8_t byte : bytes) value_ = (value_ ^ byte) * 0x100000001b3ULL;
}

void Digest::add(std::uint64_t value) {
  for (int i = 0; i < 8; ++i) value_ = (value_ ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3ULL;
}

}  // namespace mainstay
