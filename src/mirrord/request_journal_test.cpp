// Tests of the journal that one engine leaves to the next.
#include "mirrord/request_journal.h"

#include <doctest/doctest.h>

#include <cstring>

namespace mainstay::mirrord {
namespace {

struct Memory {
  alignas(4096) std::array<std::uint8_t, RequestJournal::size> bytes{};
};

// As the kernel reads a request of that many bytes.
void receive(RequestJournal& journal, RequestJournal::Slot slot, std::uint32_t size,
             std::uint8_t filler) {
  const auto head = journal.head(slot);
  std::memset(head.data(), filler, std::min<std::size_t>(size, head.size()));
  std::memcpy(head.data(), &size, sizeof size);
}

std::vector<RequestJournal::Unanswered> left_in(Memory& memory) {
  auto found = RequestJournal(memory.bytes).take_over();
  REQUIRE(found);
  return std::move(*found);
}

TEST_CASE("what was read and not answered is there for the next engine, and nothing else") {
  Memory memory;
  RequestJournal journal(memory.bytes);
  journal.clear();
  const auto answered = journal.take();
  const auto empty = journal.take();
  const auto read = journal.take();
  REQUIRE(answered);
  REQUIRE(empty);
  REQUIRE(read);
  receive(journal, *answered, 40, 1);
  journal.put_back(*answered);
  journal.place(*empty, {5000, 1024});
  journal.place(*read, {1024, 1U << 20});
  receive(journal, *read, fuse::head_size + 4096, 2);

  const auto left = left_in(memory);
  REQUIRE(left.size() == 1);
  CHECK(left[0].slot == *read);
  CHECK(left[0].received == fuse::head_size + 4096);
  CHECK(left[0].payload == RequestJournal::Payload{1024, 1U << 20});
  REQUIRE(left[0].head.size() == fuse::head_size);
  CHECK(left[0].head[fuse::head_size - 1] == 2);
}

TEST_CASE("a payload lies where it was copied to last") {
  Memory memory;
  RequestJournal journal(memory.bytes);
  journal.clear();
  const auto slot = journal.take();
  REQUIRE(slot);
  journal.place(*slot, {1024, 1U << 20});
  receive(journal, *slot, fuse::head_size + 512, 1);
  journal.place(*slot, {2047, 512});
  CHECK(left_in(memory)[0].payload == RequestJournal::Payload{2047, 512});
}

TEST_CASE("a short request is left as long as it was read") {
  Memory memory;
  RequestJournal journal(memory.bytes);
  journal.clear();
  const auto slot = journal.take();
  REQUIRE(slot);
  receive(journal, *slot, 48, 7);
  const auto left = left_in(memory);
  REQUIRE(left.size() == 1);
  CHECK(left[0].head.size() == 48);
}

TEST_CASE("what was taken over keeps its slot until it is answered") {
  Memory memory;
  RequestJournal first(memory.bytes);
  first.clear();
  for (std::uint32_t i = 0; i < 3; ++i) receive(first, first.take().value(), 48, 1);

  RequestJournal second(memory.bytes);
  const auto left = second.take_over();
  REQUIRE(left);
  REQUIRE(left->size() == 3);
  std::size_t taken = 0;
  while (const auto slot = second.take()) {
    for (const auto& each : *left) CHECK(each.slot != *slot);
    ++taken;
  }
  CHECK(taken == RequestJournal::slots_max - 3);
  // The engine that took over ends, too, before it has answered all.
  second.put_back((*left)[1].slot);
  CHECK(left_in(memory).size() == 2);
  CHECK(second.take() == (*left)[1].slot);
}

TEST_CASE("a journal that is cleared leaves nothing, and one of another release is refused") {
  Memory memory;
  RequestJournal journal(memory.bytes);
  CHECK(RequestJournal(memory.bytes).take_over().error().code == Code::conflict);
  journal.clear();
  receive(journal, journal.take().value(), 48, 1);
  journal.clear();
  CHECK(left_in(memory).empty());
  memory.bytes[0] ^= 1;
  CHECK(journal.take_over().error().code == Code::conflict);
}

}  // namespace
}  // namespace mainstay::mirrord
