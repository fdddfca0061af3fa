#include "mirrord/fuse_message.h"

#include <linux/falloc.h>
#include <linux/fuse.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace mainstay::mirrord::fuse {
namespace {

constexpr std::uint32_t minor_max = 38;
constexpr std::uint64_t for_ever = 1'000'000;  // seconds; nobody changes the file but us
constexpr std::uint16_t background_max = 256;
constexpr std::uint16_t congestion = 192;
constexpr std::uint32_t sector = 512;
constexpr std::uint32_t block = 4096;

static_assert(head_size == sizeof(fuse_in_header) + sizeof(fuse_write_in));

template <class T>
T load(ByteView bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class T>
void append(Reply& reply, const T& value) {
  reply.append({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

template <class T>
Reply whole(std::uint64_t unique, const T& body) {
  static_assert(sizeof(fuse_out_header) + sizeof(T) <= Reply::size_max);
  Reply reply;
  append(reply,
         fuse_out_header{.len = sizeof(fuse_out_header) + sizeof(T), .error = 0, .unique = unique});
  append(reply, body);
  return reply;
}

Reply bare(std::uint64_t unique, std::int32_t error, std::uint32_t behind = 0) {
  Reply reply;
  append(reply, fuse_out_header{.len = static_cast<std::uint32_t>(sizeof(fuse_out_header)) + behind,
                                .error = error,
                                .unique = unique});
  return reply;
}

fuse_attr attributes(std::uint64_t node, std::uint64_t disk_size) {
  fuse_attr attributes{};
  attributes.ino = node;
  attributes.nlink = 1;
  attributes.blksize = block;
  attributes.mode = node == root_node ? S_IFDIR | 0700U : S_IFREG | 0600U;
  if (node == disk_node) {
    attributes.size = disk_size;
    attributes.blocks = disk_size / sector;
  }
  return attributes;
}

std::unexpected<Error> wrong(std::string_view what) {
  return failure(Code::corrupt, "FUSE: " + std::string(what));
}

// A request's own header, behind the one all have. Nothing if it is cut short.
template <class T>
std::optional<T> body_of(ByteView head) {
  const ByteView behind = head.subspan(sizeof(fuse_in_header));
  if (behind.size() < sizeof(T)) return std::nullopt;
  return load<T>(behind);
}

using Body = decltype(Request::body);
using Parsed = Result<Body>;

Parsed parse_init(ByteView head) {
  // Older kernels send sixteen bytes only.
  const ByteView behind = head.subspan(sizeof(fuse_in_header));
  if (behind.size() < offsetof(fuse_init_in, flags2)) return wrong("INIT is cut short");
  fuse_init_in in{};
  std::memcpy(&in, behind.data(), std::min(behind.size(), sizeof in));
  Init init{.major = in.major, .minor = in.minor, .readahead = in.max_readahead, .flags = in.flags};
  if ((in.flags & FUSE_INIT_EXT) != 0 && behind.size() >= offsetof(fuse_init_in, unused)) {
    init.flags |= std::uint64_t{in.flags2} << 32;
  }
  return init;
}

Parsed parse_lookup(ByteView head) {
  const std::string_view name = as_text(head.subspan(sizeof(fuse_in_header)));
  const std::string_view wanted(disk_name.data(), disk_name.size());
  return Lookup{name.size() == wanted.size() + 1 && name.starts_with(wanted) && name.back() == 0};
}

Parsed parse_write(ByteView head, std::size_t size) {
  const auto in = body_of<fuse_write_in>(head);
  if (!in || size - head_size != in->size) return wrong("WRITE has another size than it says");
  return Write{.offset = in->offset, .size = in->size};
}

Parsed parse_allocate(ByteView head) {
  const auto in = body_of<fuse_fallocate_in>(head);
  if (!in) return wrong("FALLOCATE is cut short");
  const std::uint32_t mode = in->mode & ~static_cast<std::uint32_t>(FALLOC_FL_KEEP_SIZE);
  if (mode != FALLOC_FL_PUNCH_HOLE && mode != FALLOC_FL_ZERO_RANGE) return Unsupported{EOPNOTSUPP};
  return Zero{.offset = in->offset, .size = in->length};
}

Parsed parse_body(std::uint32_t opcode, std::uint64_t node, ByteView head, std::size_t size) {
  switch (opcode) {
    case FUSE_INIT:
      return parse_init(head);
    case FUSE_LOOKUP:
      return parse_lookup(head);
    case FUSE_GETATTR:
    case FUSE_SETATTR:
      return GetAttributes{node};
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      return Open{};
    case FUSE_READ: {
      const auto in = body_of<fuse_read_in>(head);
      if (!in) return wrong("READ is cut short");
      return Read{.offset = in->offset, .size = in->size};
    }
    case FUSE_WRITE:
      return parse_write(head, size);
    case FUSE_FSYNC:
      return Sync{};
    case FUSE_FALLOCATE:
      return parse_allocate(head);
    case FUSE_STATFS:
      return StatFs{};
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return Silent{};
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_ACCESS:
    case FUSE_DESTROY:
      return Trivial{};
    default:
      return Unsupported{ENOSYS};
  }
}

}  // namespace

Result<Request> parse(ByteView head, std::size_t size) {
  if (head.size() < sizeof(fuse_in_header) || size < head.size() || head.size() > head_size ||
      (size > head.size() && head.size() < head_size)) {
    return wrong("a request is cut short");
  }
  const auto header = load<fuse_in_header>(head);
  if (header.len != size) return wrong("a request has another size than it says");
  auto body = parse_body(header.opcode, header.nodeid, head, size);
  if (!body) return std::unexpected(body.error());
  return Request{header.unique, std::move(*body)};
}

Reply reply_error(std::uint64_t unique, int error) { return bare(unique, -error); }
Reply reply_done(std::uint64_t unique) { return bare(unique, 0); }

Reply reply_init(std::uint64_t unique, const Init& init, std::size_t request_max) {
  constexpr std::uint64_t wanted =
      FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ASYNC_DIO | FUSE_MAX_PAGES | FUSE_PARALLEL_DIROPS;
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min(init.minor, minor_max);
  out.max_readahead = init.readahead;
  out.flags = static_cast<std::uint32_t>(init.flags & wanted);
  out.max_background = background_max;
  out.congestion_threshold = congestion;
  out.max_write = static_cast<std::uint32_t>(request_max);
  out.time_gran = 1;
  out.max_pages = static_cast<std::uint16_t>((request_max + block - 1) / block);
  return whole(unique, out);
}

Reply reply_lookup(std::uint64_t unique, std::uint64_t disk_size) {
  fuse_entry_out out{};
  out.nodeid = disk_node;
  out.entry_valid = out.attr_valid = for_ever;
  out.attr = attributes(disk_node, disk_size);
  return whole(unique, out);
}

Reply reply_attributes(std::uint64_t unique, std::uint64_t node, std::uint64_t disk_size) {
  fuse_attr_out out{};
  out.attr_valid = for_ever;
  out.attr = attributes(node, disk_size);
  return whole(unique, out);
}

Reply reply_open(std::uint64_t unique) {
  fuse_open_out out{};
  out.open_flags = FOPEN_KEEP_CACHE;
  return whole(unique, out);
}

Reply reply_written(std::uint64_t unique, std::uint32_t size) {
  return whole(unique, fuse_write_out{.size = size, .padding = 0});
}

Reply reply_statfs(std::uint64_t unique, std::uint64_t disk_size) {
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = block;
  out.st.blocks = disk_size / block;
  out.st.namelen = 255;
  return whole(unique, out);
}

Reply reply_data(std::uint64_t unique, std::uint32_t size) { return bare(unique, 0, size); }

}  // namespace mainstay::mirrord::fuse
