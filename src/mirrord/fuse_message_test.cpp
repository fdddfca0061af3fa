// Tests of the FUSE protocol: what the kernel sends, and what it would never send.
#include "mirrord/fuse_message.h"

#include <linux/falloc.h>
#include <linux/fuse.h>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cerrno>
#include <cstring>

namespace mainstay::mirrord::fuse {
namespace {

struct Raw {
  std::uint32_t opcode = 0;
  Bytes body;
  std::size_t payload = 0;
  std::uint32_t lie = 0;  // added to the size in the header
};

template <class T>
Bytes bytes_of(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Result<Request> parse(const Raw& raw) {
  const std::size_t size = sizeof(fuse_in_header) + raw.body.size() + raw.payload;
  fuse_in_header header{};
  header.len = static_cast<std::uint32_t>(size) + raw.lie;
  header.opcode = raw.opcode;
  header.unique = 42;
  header.nodeid = disk_node;
  Bytes head = bytes_of(header);
  head.insert(head.end(), raw.body.begin(), raw.body.end());
  head.resize(std::min(size, head_size));
  return fuse::parse(head, size);
}

template <class T>
T reply_body(const Reply& whole) {
  const ByteView reply = whole.view();
  REQUIRE(reply.size() == sizeof(fuse_out_header) + sizeof(T));
  T body{};
  std::memcpy(&body, reply.data() + sizeof(fuse_out_header), sizeof body);
  return body;
}

fuse_out_header reply_head(const Reply& reply) {
  fuse_out_header header{};
  std::memcpy(&header, reply.view().data(), sizeof header);
  return header;
}

TEST_CASE("reads, writes, flushes and trims are understood") {
  const auto write =
      parse({FUSE_WRITE, bytes_of(fuse_write_in{.offset = 4096, .size = 8192}), 8192});
  REQUIRE(write);
  CHECK(write->unique == 42);
  CHECK(std::get<Write>(write->body).offset == 4096);
  CHECK(std::get<Write>(write->body).size == 8192);
  const auto read = parse({FUSE_READ, bytes_of(fuse_read_in{.offset = 512, .size = 1024})});
  REQUIRE(read);
  CHECK(std::get<Read>(read->body).offset == 512);
  CHECK(std::get<Read>(read->body).size == 1024);
  CHECK(std::holds_alternative<Sync>(parse({FUSE_FSYNC, bytes_of(fuse_fsync_in{})})->body));
  for (const unsigned mode : {0U + FALLOC_FL_PUNCH_HOLE, 0U + FALLOC_FL_ZERO_RANGE}) {
    const auto zero = parse(
        {FUSE_FALLOCATE,
         bytes_of(fuse_fallocate_in{
             .offset = 65536, .length = 1 << 20, .mode = mode | unsigned{FALLOC_FL_KEEP_SIZE}})});
    REQUIRE(zero);
    CHECK(std::get<Zero>(zero->body).offset == 65536);
    CHECK(std::get<Zero>(zero->body).size == 1'048'576);
  }
}

TEST_CASE("what we do not do is refused by the number that says so") {
  const auto grow = parse({FUSE_FALLOCATE, bytes_of(fuse_fallocate_in{.length = 4096})});
  REQUIRE(grow);
  CHECK(std::get<Unsupported>(grow->body).error == EOPNOTSUPP);
  const auto other = parse({FUSE_RENAME, Bytes(8)});
  REQUIRE(other);
  CHECK(std::get<Unsupported>(other->body).error == ENOSYS);
}

TEST_CASE("there is one file, by exactly its name") {
  const auto lookup = [](std::string_view name) {
    Bytes body(name.begin(), name.end());
    body.push_back(0);
    return std::get<Lookup>(parse({FUSE_LOOKUP, body})->body).disk;
  };
  CHECK(lookup("disk"));
  CHECK_FALSE(lookup("disk2"));
  CHECK_FALSE(lookup("dis"));
  CHECK_FALSE(lookup(""));
}

TEST_CASE("a request that lies about its size is refused") {
  CHECK_FALSE(parse({FUSE_WRITE, bytes_of(fuse_write_in{.offset = 0, .size = 8192}), 4096}));
  CHECK_FALSE(parse({FUSE_WRITE, bytes_of(fuse_write_in{.offset = 0, .size = 4096}), 4096, 1}));
  CHECK_FALSE(parse({FUSE_WRITE, Bytes(8)}));
  CHECK_FALSE(parse({FUSE_READ, Bytes(8)}));
  CHECK_FALSE(parse({FUSE_FALLOCATE, Bytes(8)}));
  CHECK_FALSE(parse({FUSE_INIT, Bytes(8)}));
  CHECK_FALSE(fuse::parse(Bytes(10), 10));
  CHECK_FALSE(fuse::parse(Bytes(40), 39));
}

TEST_CASE("whatever a kernel sends, no more than there is is looked at") {
  CHECK(rc::check([](const Bytes& body, std::uint8_t opcode) {
    const auto request = parse({opcode, body});
    if (!request) return;
    if (const auto* write = std::get_if<Write>(&request->body)) {
      RC_ASSERT(write->size + sizeof(fuse_write_in) == body.size());
    }
  }));
}

TEST_CASE("INIT is answered with what both sides know") {
  fuse_init_in in{};
  in.major = 7;
  in.minor = 99;
  in.flags = FUSE_ASYNC_DIO | FUSE_MAX_PAGES | FUSE_EXPORT_SUPPORT | FUSE_INIT_EXT;
  in.flags2 = 1;
  const auto request = parse({FUSE_INIT, bytes_of(in)});
  REQUIRE(request);
  const auto& init = std::get<Init>(request->body);
  const std::uint64_t beyond = init.flags >> 32U;
  CHECK(beyond == 1);
  const auto out = reply_body<fuse_init_out>(reply_init(42, init, write_max));
  CHECK(out.major == 7);
  CHECK(out.minor == 38);
  const std::uint32_t both_know = FUSE_ASYNC_DIO | FUSE_MAX_PAGES;
  CHECK(out.flags == both_know);
  CHECK(out.max_write == write_max);
  CHECK(out.max_pages == 256);
}

TEST_CASE("replies carry the request's number, their length and the disk's size") {
  const Reply attributes = reply_attributes(42, disk_node, 1 << 20);
  CHECK(reply_head(attributes).unique == 42);
  CHECK(reply_head(attributes).len == attributes.view().size());
  CHECK(reply_body<fuse_attr_out>(attributes).attr.size == 1'048'576);
  CHECK(reply_body<fuse_attr_out>(reply_attributes(1, root_node, 1 << 20)).attr.size == 0);
  CHECK(reply_head(reply_error(7, EIO)).error == -EIO);
  const std::size_t with_data = sizeof(fuse_out_header) + 4096;
  CHECK(reply_head(reply_data(7, 4096)).len == with_data);
  CHECK(reply_body<fuse_write_out>(reply_written(7, 512)).size == 512);
}

}  // namespace
}  // namespace mainstay::mirrord::fuse
