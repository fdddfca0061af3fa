#include "cluster/durable.h"

namespace mainstay {
namespace {

constexpr std::uint16_t durable_version = 1;
constexpr std::size_t entries_max = 4096;
constexpr std::size_t text_max = 256;

}  // namespace

Bytes encode(const Durable& durable) {
  ByteWriter writer;
  writer.u16(durable_version);
  writer.u64(durable.incarnation);
  writer.boolean(durable.resigned);
  writer.u32(static_cast<std::uint32_t>(durable.promises.size()));
  for (const auto& [group, promise] : durable.promises) {
    writer.text(group.value);
    writer.u64(promise.term);
    writer.text(promise.claimant.value);
  }
  writer.u32(static_cast<std::uint32_t>(durable.intents.size()));
  for (const auto& [group, intent] : durable.intents) {
    writer.text(group.value);
    writer.u64(intent.number);
    writer.text(intent.by.value);
    writer.boolean(intent.run);
    writer.text(intent.to.value);
    writer.u64(intent.after);
    writer.boolean(intent.restart);
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
    GroupName group(reader.text(text_max));
    Promise& promise = durable.promises[group];
    promise.term = reader.u64();
    promise.claimant = NodeName(reader.text(text_max));
  }
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    GroupName group(reader.text(text_max));
    Intent& intent = durable.intents[group];
    intent.number = reader.u64();
    intent.by = NodeName(reader.text(text_max));
    intent.run = reader.boolean();
    intent.to = NodeName(reader.text(text_max));
    intent.after = reader.u64();
    intent.restart = reader.boolean();
  }
  for (std::size_t i = reader.count(entries_max); i > 0 && reader.ok(); --i) {
    NodeName node(reader.text(text_max));
    durable.resignations[node] = reader.u64();
  }
  if (!reader.finished()) return failure(Code::corrupt, "the node's stored state is damaged");
  return durable;
}

}  // namespace mainstay
