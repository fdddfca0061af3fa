// The kernel's side of a volume: the FUSE protocol as far as one file needs it. Pure.
//
// A loop device on that file is the volume's block device, so that every request of an instance
// passes through the lab.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace mainstay::lab::fuse {

// What comes before the data of a write.
inline constexpr std::size_t write_head = 80;
inline constexpr std::size_t data_max = 256 * 1024;

struct Request {
  enum class What {
    init,
    look_up,
    attributes,
    open,
    read,
    write,
    flush,
    zero,
    space,
    nothing,  // done by saying so
    silence,  // expects no answer
    unknown,
  };
  What what = What::unknown;
  std::uint64_t unique = 0;
  std::uint64_t node = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t minor = 0;  // of the kernel's protocol
  std::string name = {};
};

// corrupt: it is none, or says another size than it has.
Result<Request> parse(ByteView message);

struct File {
  std::string_view name;
  std::uint64_t size = 0;
};

Bytes reply_error(std::uint64_t unique, int error);
Bytes reply_done(std::uint64_t unique);
Bytes reply_data(std::uint64_t unique, ByteView data);
Bytes reply_written(std::uint64_t unique, std::uint64_t size);
// To all that does not touch the file's content.
Bytes reply_about(const Request& request, const File& file);

}  // namespace mainstay::lab::fuse
