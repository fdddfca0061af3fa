#include "mirror/wire.h"

#include <fmt/format.h>

namespace mainstay::mirror {
namespace {

constexpr std::uint8_t version = 3;
constexpr std::size_t usual_size = 64;
constexpr std::uint8_t states = 2;
constexpr std::uint8_t joinings = 2;
constexpr std::uint8_t operations = 4;

void write_generations(ByteWriter& writer, const Generations& generations) {
  writer.u64(generations.current);
  for (const auto* list : {&generations.bases, &generations.history}) {
    writer.u32(static_cast<std::uint32_t>(list->size()));
    for (const Generation each : *list) writer.u64(each);
  }
}

Generations read_generations(ByteReader& reader) {
  Generations generations;
  generations.current = reader.u64();
  generations.bases.resize(reader.count(bases_max));
  for (Generation& each : generations.bases) each = reader.u64();
  generations.history.resize(reader.count(history_max));
  for (Generation& each : generations.history) each = reader.u64();
  return generations;
}

struct Writer {
  ByteWriter& to;

  void operator()(const Hello& hello) {
    to.u64(hello.session);
    to.u64(hello.echo);
    for (const auto half : hello.mirror) to.u64(half);
    to.u64(hello.geometry.sectors);
    to.u32(hello.geometry.region_sectors);
    to.u32(hello.geometry.zone_regions);
    to.u32(hello.geometry.log_slots);
    write_generations(to, hello.generations);
    to.u8(static_cast<std::uint8_t>(hello.state));
    to.u64(hello.term);
    to.u64(hello.dirty);
    to.u64(hello.data_term);
    to.u64(hello.choice);
    to.u64(hello.given_up);
    to.u64(hello.grown_from);
  }
  void operator()(const Lead& lead) {
    to.u8(static_cast<std::uint8_t>(lead.joining));
    write_generations(to, lead.generations);
  }
  void operator()(const DirtyBlock& block) {
    to.u64(block.number);
    to.text(as_text(block.bits));
  }
  void operator()(const Follow& follow) { to.u64(follow.blocks); }
  void operator()(const Refuse& refuse) { to.u64(refuse.term); }
  void operator()(const Write& write) {
    to.u64(write.number);
    to.u8(static_cast<std::uint8_t>(write.operation));
    to.u64(write.range.first);
    to.u32(write.range.count);
    to.boolean(write.durable);
  }
  void operator()(const Written& written) {
    to.u64(written.number);
    to.boolean(written.ok);
  }
  void operator()(const Flush& flush) { to.u64(flush.number); }
  void operator()(const Flushed& flushed) {
    to.u64(flushed.number);
    to.boolean(flushed.ok);
  }
  void operator()(const Finish& finish) { to.u64(finish.current); }
  void operator()(const Finished&) {}
  void operator()(const Check& check) {
    to.u64(check.number);
    to.u64(check.range.first);
    to.u32(check.range.count);
  }
  void operator()(const Checked& checked) {
    to.u64(checked.number);
    to.boolean(checked.ok);
    for (const auto half : checked.sum) to.u64(half);
  }
  void operator()(const Measure&) {}
  void operator()(const Measured& measured) {
    to.u64(measured.capacity.sectors);
    to.u64(measured.capacity.partition_bytes);
  }
  void operator()(const Grow& grow) { to.u64(grow.sectors); }
  void operator()(const Grown& grown) { to.u64(grown.sectors); }
};

Hello read_hello(ByteReader& from) {
  Hello hello;
  hello.session = from.u64();
  hello.echo = from.u64();
  for (auto& half : hello.mirror) half = from.u64();
  hello.geometry.sectors = from.u64();
  hello.geometry.region_sectors = from.u32();
  hello.geometry.zone_regions = from.u32();
  hello.geometry.log_slots = from.u32();
  hello.generations = read_generations(from);
  hello.state = from.enumerator<CopyState>(states);
  hello.term = from.u64();
  hello.dirty = from.u64();
  hello.data_term = from.u64();
  hello.choice = from.u64();
  hello.given_up = from.u64();
  hello.grown_from = from.u64();
  return hello;
}

DirtyBlock read_dirty_block(ByteReader& from) {
  DirtyBlock block;
  block.number = from.u64();
  const std::string bits = from.text(block_size);
  if (bits.size() != block_size) from.fail();
  block.bits.assign(bits.begin(), bits.end());
  return block;
}

Write read_write(ByteReader& from) {
  Write write;
  write.number = from.u64();
  write.operation = from.enumerator<Operation>(operations);
  write.range.first = from.u64();
  write.range.count = from.u32();
  write.durable = from.boolean();
  const bool writes = write.operation == Operation::write || write.operation == Operation::zero;
  if (!writes) from.fail();
  return write;
}

template <class Done>
Done read_done(ByteReader& from) {
  Done done;
  done.number = from.u64();
  done.ok = from.boolean();
  return done;
}

Lead read_lead(ByteReader& from) {
  Lead lead;
  lead.joining = from.enumerator<Joining>(joinings);
  lead.generations = read_generations(from);
  return lead;
}

Check read_check(ByteReader& from) {
  Check check;
  check.number = from.u64();
  check.range.first = from.u64();
  check.range.count = from.u32();
  return check;
}

Checked read_checked(ByteReader& from) {
  auto checked = read_done<Checked>(from);
  for (auto& half : checked.sum) half = from.u64();
  return checked;
}

Measured read_measured(ByteReader& from) {
  Measured measured;
  measured.capacity.sectors = from.u64();
  measured.capacity.partition_bytes = from.u64();
  return measured;
}

// By the place of the kind in Message's variant.
decltype(Message::body) read_body(std::uint8_t kind, ByteReader& from) {
  switch (kind) {
    case 0:
      return read_hello(from);
    case 1:
      return read_lead(from);
    case 2:
      return read_dirty_block(from);
    case 3:
      return Follow{from.u64()};
    case 4:
      return Refuse{from.u64()};
    case 5:
      return read_write(from);
    case 6:
      return read_done<Written>(from);
    case 7:
      return Flush{from.u64()};
    case 8:
      return read_done<Flushed>(from);
    case 9:
      return Finish{from.u64()};
    case 10:
      return Finished{};
    case 11:
      return read_check(from);
    case 12:
      return read_checked(from);
    case 13:
      return Measure{};
    case 14:
      return read_measured(from);
    case 15:
      return Grow{from.u64()};
    case 16:
      return Grown{from.u64()};
    default:
      from.fail();
      return Finished{};
  }
}

}  // namespace

Bytes encode(const Message& message) {
  ByteWriter writer;
  writer.expect(usual_size);
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(message.body.index()));
  writer.u64(message.session);
  writer.u64(message.term);
  std::visit(Writer{writer}, message.body);
  return writer.take();
}

Result<Message> decode_message(ByteView bytes) {
  ByteReader reader(bytes);
  if (const std::uint8_t found = reader.u8(); found != version) {
    return failure(Code::corrupt, fmt::format("mirror: the peer speaks version {}, not {}; install "
                                              "the same Mainstay on both nodes",
                                              found, version));
  }
  const std::uint8_t kind = reader.u8();
  Message message;
  message.session = reader.u64();
  message.term = reader.u64();
  message.body = read_body(kind, reader);
  if (!reader.finished()) return failure(Code::corrupt, "mirror: a message is not whole");
  return message;
}

std::uint64_t payload_size(const Message& message) {
  const auto* write = std::get_if<Write>(&message.body);
  if (write == nullptr || write->operation != Operation::write) return 0;
  return std::uint64_t{write->range.count} * sector_size;
}

}  // namespace mainstay::mirror
