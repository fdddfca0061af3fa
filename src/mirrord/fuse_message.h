// The FUSE protocol as far as one file needs it: requests of the kernel in, replies out. Pure.
//
// The file system has a root directory and in it the file `disk`. What a kernel sends is believed
// as little as what a peer does: sizes are checked before anything is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace mainstay::mirrord::fuse {

// What is read in front of a write's payload; a write's own headers fill it exactly.
inline constexpr std::size_t head_size = 80;
inline constexpr std::uint64_t root_node = 1;
inline constexpr std::uint64_t disk_node = 2;
inline constexpr std::string_view disk_name = "disk";
inline constexpr std::size_t write_max = 1024 * 1024;

struct Init {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t readahead = 0;
  std::uint64_t flags = 0;
};
struct Lookup {
  bool disk = false;
};
struct GetAttributes {
  std::uint64_t node = 0;
};
struct Open {};
struct Read {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};
// The payload begins behind head_size.
struct Write {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};
struct Sync {};
struct Zero {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
struct StatFs {};
// Answered with success and nothing else.
struct Trivial {};
// Not answered at all.
struct Silent {};
struct Unsupported {
  int error = 0;
};

struct Request {
  std::uint64_t unique = 0;
  std::variant<Init, Lookup, GetAttributes, Open, Read, Write, Sync, Zero, StatFs, Trivial, Silent,
               Unsupported>
      body;
};

// `head`: the first bytes of the request, at most head_size. `size`: of the whole request, as it
// was read. corrupt: it is none.
Result<Request> parse(ByteView head, std::size_t size);

// ---- Replies, whole: the header and what belongs behind it.
class Reply {
 public:
  static constexpr std::size_t size_max = 160;
  void append(ByteView bytes) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  ByteView view() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, size_max> bytes_;  // of which only the first are ever set
  std::size_t size_ = 0;
};
Reply reply_error(std::uint64_t unique, int error);
Reply reply_done(std::uint64_t unique);
Reply reply_init(std::uint64_t unique, const Init& init, std::size_t request_max);
Reply reply_lookup(std::uint64_t unique, std::uint64_t disk_size);
Reply reply_attributes(std::uint64_t unique, std::uint64_t node, std::uint64_t disk_size);
Reply reply_open(std::uint64_t unique);
Reply reply_written(std::uint64_t unique, std::uint32_t size);
Reply reply_statfs(std::uint64_t unique, std::uint64_t disk_size);
// The header of a reply behind which `size` bytes of data follow.
Reply reply_data(std::uint64_t unique, std::uint32_t size);

}  // namespace mainstay::mirrord::fuse
