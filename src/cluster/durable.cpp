#include "cluster/durable.h"

#include "cluster/wire.h"

namespace mainstay {
namespace {

// Version 1 ended with the resignations; it is still read.
constexpr std::uint16_t durable_version = 2;
constexpr std::size_t entries_max = 4096;

void write_shutdown(ByteWriter& writer, const std::optional<ShutdownConfig>& shutdown) {
  writer.boolean(shutdown.has_value());
  if (!shutdown) return;
  writer.u8(static_cast<std::uint8_t>(shutdown->groups));
  writer.i64(shutdown->timeout.count());
}

std::optional<ShutdownConfig> read_shutdown(ByteReader& reader) {
  if (!reader.boolean()) return std::nullopt;
  ShutdownConfig shutdown;
  shutdown.groups = reader.enumerator<ShutdownGroups>(2);
  shutdown.timeout = Duration(reader.i64());
  return shutdown;
}

void write_returning(ByteWriter& writer, const Durable& durable) {
  writer.boolean(durable.open);
  writer.u32(static_cast<std::uint32_t>(durable.losses.size()));
  for (const Incarnation loss : durable.losses) writer.u64(loss);
  writer.u64(durable.recoveries);
  writer.i64(durable.reboots);
  write_shutdown(writer, durable.shutdown);
  writer.u32(static_cast<std::uint32_t>(durable.parked.size()));
  for (const auto& [group, number] : durable.parked) {
    writer.text(group.value);
    writer.u64(number);
  }
}

void read_returning(ByteReader& reader, Durable& durable) {
  durable.open = reader.boolean();
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    durable.losses.insert(reader.u64());
  }
  durable.recoveries = reader.u64();
  durable.reboots = static_cast<int>(reader.i64());
  durable.shutdown = read_shutdown(reader);
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    GroupName group(reader.text(name_size_max));
    durable.parked[group] = reader.u64();
  }
}

}  // namespace

Bytes encode(const Durable& durable) {
  ByteWriter writer;
  writer.u16(durable_version);
  writer.u64(durable.incarnation);
  writer.boolean(durable.resigned);
  writer.u32(static_cast<std::uint32_t>(durable.promises.size()));
  for (const auto& [group, promise] : durable.promises) {
    writer.text(group.value);
    write(writer, promise);
  }
  writer.u32(static_cast<std::uint32_t>(durable.intents.size()));
  for (const auto& [group, intent] : durable.intents) {
    writer.text(group.value);
    write(writer, intent);
  }
  writer.u32(static_cast<std::uint32_t>(durable.resignations.size()));
  for (const auto& [node, incarnation] : durable.resignations) {
    writer.text(node.value);
    writer.u64(incarnation);
  }
  write_returning(writer, durable);
  return writer.take();
}

Result<Durable> decode_durable(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint16_t version = reader.u16();
  if (version == 0 || version > durable_version) {
    return failure(Code::corrupt,
                   "the node's stored state is of another version, or no such state");
  }
  Durable durable;
  durable.incarnation = reader.u64();
  durable.resigned = reader.boolean();
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    GroupName group(reader.text(name_size_max));
    durable.promises[group] = read_promise(reader);
  }
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    GroupName group(reader.text(name_size_max));
    durable.intents[group] = read_intent(reader);
  }
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    NodeName node(reader.text(name_size_max));
    durable.resignations[node] = reader.u64();
  }
  if (version > 1) read_returning(reader, durable);
  if (!reader.finished()) return failure(Code::corrupt, "the node's stored state is damaged");
  return durable;
}

}  // namespace mainstay
