#include "cluster/durable.h"

#include "cluster/wire.h"

namespace mainstay {
namespace {

constexpr std::uint16_t durable_version = 1;
constexpr std::size_t entries_max = 4096;

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
  return writer.take();
}

Result<Durable> decode_durable(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.u16() != durable_version) {
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
  if (!reader.finished()) return failure(Code::corrupt, "the node's stored state is damaged");
  return durable;
}

}  // namespace mainstay
