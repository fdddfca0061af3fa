// The kernel's messages, as far as one file needs them.
#include "lab/volumes/fuse.h"

#include <doctest/doctest.h>
#include <linux/falloc.h>
#include <linux/fuse.h>

#include <cerrno>
#include <cstring>

using namespace mainstay;
using namespace mainstay::lab::fuse;

namespace {

using What = Request::What;

template <class T>
Bytes message(std::uint32_t opcode, const T& body, ByteView behind = {}) {
  fuse_in_header header{};
  header.opcode = opcode;
  header.unique = 9;
  header.nodeid = 2;
  header.len = static_cast<std::uint32_t>(sizeof(header) + sizeof(body) + behind.size());
  Bytes out(header.len);
  std::memcpy(out.data(), &header, sizeof(header));
  std::memcpy(out.data() + sizeof(header), &body, sizeof(body));
  std::ranges::copy(behind, out.end() - static_cast<std::ptrdiff_t>(behind.size()));
  return out;
}

template <class T>
T body_of(const Bytes& reply) {
  REQUIRE(reply.size() == sizeof(fuse_out_header) + sizeof(T));
  T out{};
  std::memcpy(&out, reply.data() + sizeof(fuse_out_header), sizeof(out));
  return out;
}

fuse_out_header header_of(const Bytes& reply) {
  fuse_out_header out{};
  REQUIRE(reply.size() >= sizeof(out));
  std::memcpy(&out, reply.data(), sizeof(out));
  CHECK(out.len == reply.size());
  CHECK(out.unique == 9);
  return out;
}

fuse_write_in write_in(std::uint32_t size) {
  fuse_write_in in{};
  in.offset = 4096;
  in.size = size;
  return in;
}

}  // namespace

TEST_CASE("a write's place and size are read, and its data lies behind its head") {
  const Bytes data(512, 7);
  const Bytes whole = message(FUSE_WRITE, write_in(512), data);
  const auto request = parse(whole);
  REQUIRE(request);
  CHECK(request->what == What::write);
  CHECK(request->offset == 4096);
  CHECK(request->size == 512);
  CHECK(whole.size() - write_head == 512);
  CHECK(header_of(reply_written(9, 512)).error == 0);
  CHECK(body_of<fuse_write_out>(reply_written(9, 512)).size == 512);
}

TEST_CASE("a message that is shorter than it says is none") {
  CHECK_FALSE(parse(message(FUSE_WRITE, write_in(1024), Bytes(512))));
  CHECK_FALSE(parse(Bytes(10)));
  Bytes cut = message(FUSE_READ, fuse_read_in{});
  cut.pop_back();
  CHECK_FALSE(parse(cut));
  CHECK_FALSE(parse(message(FUSE_READ, std::uint32_t{0})));
}

TEST_CASE("holes and zeroes are zeroes, any other kind of allocation is refused") {
  const auto asked = [](std::uint32_t mode) {
    fuse_fallocate_in in{};
    in.offset = 512;
    in.length = 1024;
    in.mode = mode;
    return *parse(message(FUSE_FALLOCATE, in));
  };
  CHECK(asked(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE).what == What::zero);
  CHECK(asked(FALLOC_FL_ZERO_RANGE).what == What::zero);
  CHECK(asked(FALLOC_FL_ZERO_RANGE).size == 1024);
  CHECK(asked(0).what == What::unknown);
  CHECK(header_of(reply_about(asked(0), {})).error == -ENOSYS);
}

TEST_CASE("there is one file, by its name, as large as the volume") {
  const File file{.name = "vol-1", .size = 8192};
  std::array<char, 6> wanted{"vol-1"};
  const auto found = parse(message(FUSE_LOOKUP, wanted));
  REQUIRE(found);
  CHECK(body_of<fuse_entry_out>(reply_about(*found, file)).attr.size == 8192);
  std::array<char, 6> other{"vol-2"};
  CHECK(header_of(reply_about(*parse(message(FUSE_LOOKUP, other)), file)).error == -ENOENT);
  const auto attributes = parse(message(FUSE_GETATTR, fuse_getattr_in{}));
  CHECK(body_of<fuse_attr_out>(reply_about(*attributes, file)).attr.size == 8192);
}

TEST_CASE("flushes are told from requests that want no answer and from unknown ones") {
  CHECK(parse(message(FUSE_FSYNC, fuse_fsync_in{}))->what == What::flush);
  CHECK(parse(message(FUSE_INTERRUPT, fuse_interrupt_in{}))->what == What::silence);
  CHECK(parse(message(FUSE_MKDIR, fuse_mkdir_in{}))->what == What::unknown);
}
