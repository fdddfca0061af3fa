// Messages in the kernel's own structures.
#include "lab/volumes/fuse.h"

#include <linux/falloc.h>
#include <linux/fuse.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

namespace mainstay::lab::fuse {
namespace {

using What = Request::What;

constexpr std::uint64_t root = 1;
constexpr std::uint64_t file_node = 2;
constexpr std::uint32_t minor_max = 31;
constexpr std::uint64_t for_ever = 1'000'000;  // seconds
constexpr std::uint32_t block = 4'096;

static_assert(write_head == sizeof(fuse_in_header) + sizeof(fuse_write_in));

What what_of(std::uint32_t opcode) {
  static const std::map<std::uint32_t, What> all = {
      {FUSE_INIT, What::init},          {FUSE_LOOKUP, What::look_up},
      {FUSE_GETATTR, What::attributes}, {FUSE_SETATTR, What::attributes},
      {FUSE_OPEN, What::open},          {FUSE_OPENDIR, What::open},
      {FUSE_READ, What::read},          {FUSE_WRITE, What::write},
      {FUSE_FSYNC, What::flush},        {FUSE_FALLOCATE, What::zero},
      {FUSE_STATFS, What::space},       {FUSE_RELEASE, What::nothing},
      {FUSE_RELEASEDIR, What::nothing}, {FUSE_FLUSH, What::nothing},
      {FUSE_ACCESS, What::nothing},     {FUSE_DESTROY, What::nothing},
      {FUSE_FORGET, What::silence},     {FUSE_BATCH_FORGET, What::silence},
      {FUSE_INTERRUPT, What::silence}};
  const auto found = all.find(opcode);
  return found == all.end() ? What::unknown : found->second;
}

template <class T>
std::optional<T> body(ByteView message, std::size_t size = sizeof(T)) {
  if (message.size() < sizeof(fuse_in_header) + size) return std::nullopt;
  T value{};
  std::memcpy(&value, message.data() + sizeof(fuse_in_header), size);
  return value;
}

template <class T>
Status take_range(ByteView message, Request& request) {
  const auto in = body<T>(message);
  if (!in) return failure(Code::corrupt, "FUSE: a request is cut short");
  request.offset = in->offset;
  if constexpr (requires { in->length; }) {
    request.size = in->length;
  } else {
    request.size = in->size;
  }
  return {};
}

Status take_body(ByteView message, Request& request) {
  switch (request.what) {
    case What::init: {
      // Older kernels send less of it.
      const auto in = body<fuse_init_in>(message, offsetof(fuse_init_in, flags2));
      if (!in) return failure(Code::corrupt, "FUSE: INIT is cut short");
      request.minor = in->minor;
      return {};
    }
    case What::look_up: {
      const auto text = as_text(message.subspan(sizeof(fuse_in_header)));
      request.name = text.substr(0, text.find('\0'));
      return {};
    }
    case What::read:
      return take_range<fuse_read_in>(message, request);
    case What::write: {
      if (auto taken = take_range<fuse_write_in>(message, request); !taken) return taken;
      if (message.size() - write_head == request.size) return {};
      return failure(Code::corrupt, "FUSE: WRITE has another size than it says");
    }
    case What::zero: {
      const auto in = body<fuse_fallocate_in>(message);
      const std::uint32_t keep = FALLOC_FL_KEEP_SIZE;
      const std::uint32_t mode = in ? in->mode & ~keep : 0;
      if (mode != FALLOC_FL_PUNCH_HOLE && mode != FALLOC_FL_ZERO_RANGE)
        request.what = What::unknown;
      return take_range<fuse_fallocate_in>(message, request);
    }
    default:
      return {};
  }
}

template <class T>
Bytes with_header(std::uint64_t unique, const T& content) {
  const fuse_out_header header{
      .len = sizeof(fuse_out_header) + sizeof(T), .error = 0, .unique = unique};
  Bytes out(header.len);
  std::memcpy(out.data(), &header, sizeof(header));
  std::memcpy(out.data() + sizeof(header), &content, sizeof(content));
  return out;
}

fuse_attr attributes_of(std::uint64_t node, const File& file) {
  fuse_attr out{};
  out.ino = node;
  out.nlink = 1;
  out.blksize = block;
  out.mode = node == root ? S_IFDIR | 0700U : S_IFREG | 0600U;
  if (node != root) out.size = file.size;
  return out;
}

Bytes reply_init(const Request& request) {
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min(request.minor, minor_max);
  out.flags = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ASYNC_DIO | FUSE_MAX_PAGES;
  out.max_background = 64;
  out.congestion_threshold = 48;
  out.max_write = data_max;
  out.max_pages = data_max / block;
  out.time_gran = 1;
  return with_header(request.unique, out);
}

Bytes reply_look_up(const Request& request, const File& file) {
  if (request.name != file.name) return reply_error(request.unique, ENOENT);
  fuse_entry_out out{};
  out.nodeid = file_node;
  out.entry_valid = out.attr_valid = for_ever;
  out.attr = attributes_of(file_node, file);
  return with_header(request.unique, out);
}

Bytes reply_attributes(const Request& request, const File& file) {
  fuse_attr_out out{};
  out.attr_valid = for_ever;
  out.attr = attributes_of(request.node, file);
  return with_header(request.unique, out);
}

Bytes reply_space(const Request& request, const File& file) {
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = block;
  out.st.blocks = file.size / block;
  out.st.namelen = 255;
  return with_header(request.unique, out);
}

}  // namespace

Result<Request> parse(ByteView message) {
  if (message.size() < sizeof(fuse_in_header)) {
    return failure(Code::corrupt, "FUSE: a request is cut short");
  }
  fuse_in_header header{};
  std::memcpy(&header, message.data(), sizeof(header));
  if (header.len != message.size()) {
    return failure(Code::corrupt, "FUSE: a request has another size than it says");
  }
  Request request{.what = what_of(header.opcode), .unique = header.unique, .node = header.nodeid};
  if (auto taken = take_body(message, request); !taken) return std::unexpected(taken.error());
  return request;
}

Bytes reply_error(std::uint64_t unique, int error) {
  const fuse_out_header header{.len = sizeof(fuse_out_header), .error = -error, .unique = unique};
  Bytes out(sizeof(header));
  std::memcpy(out.data(), &header, sizeof(header));
  return out;
}

Bytes reply_done(std::uint64_t unique) { return reply_error(unique, 0); }

Bytes reply_data(std::uint64_t unique, ByteView data) {
  fuse_out_header header{.len = sizeof(fuse_out_header), .error = 0, .unique = unique};
  header.len += static_cast<std::uint32_t>(data.size());
  Bytes out(header.len);
  std::memcpy(out.data(), &header, sizeof(header));
  std::ranges::copy(data, out.begin() + sizeof(header));
  return out;
}

Bytes reply_written(std::uint64_t unique, std::uint64_t size) {
  return with_header(unique,
                     fuse_write_out{.size = static_cast<std::uint32_t>(size), .padding = 0});
}

Bytes reply_about(const Request& request, const File& file) {
  switch (request.what) {
    case What::init:
      return reply_init(request);
    case What::look_up:
      return reply_look_up(request, file);
    case What::attributes:
      return reply_attributes(request, file);
    case What::open: {
      fuse_open_out out{};
      out.open_flags = FOPEN_KEEP_CACHE;
      return with_header(request.unique, out);
    }
    case What::space:
      return reply_space(request, file);
    case What::nothing:
      return reply_done(request.unique);
    default:
      return reply_error(request.unique, ENOSYS);
  }
}

}  // namespace mainstay::lab::fuse
