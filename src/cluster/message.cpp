// The wire format of the beat: a version, then sections in a fixed order.
#include "cluster/message.h"

#include "cluster/wire.h"

namespace mainstay {
namespace {

template <class Map, class WriteValue>
void write_map(ByteWriter& writer, const Map& map, WriteValue write_value) {
  writer.u32(static_cast<std::uint32_t>(map.size()));
  for (const auto& [name, value] : map) {
    writer.text(name.value);
    write_value(value);
  }
}

template <class Key, class T, class ReadValue>
void read_map(ByteReader& reader, std::size_t count_max, std::map<Key, T>& map,
              ReadValue read_value) {
  const std::size_t count = reader.count(count_max);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    Key name(reader.text(name_size_max));
    map.insert_or_assign(std::move(name), read_value());
  }
}

// Stands where an Evidence could: nothing was cleared.
constexpr std::uint8_t no_evidence = 6;

void write(ByteWriter& writer, const GroupReport& report) {
  writer.u8(static_cast<std::uint8_t>(report.phase));
  writer.u64(report.term);
  write(writer, report.promise);
  writer.boolean(report.unfit);
  writer.u8(report.weakest ? static_cast<std::uint8_t>(*report.weakest) : no_evidence);
  writer.text(report.met.node.value);
  writer.u64(report.met.term);
}

GroupReport read_report(ByteReader& reader) {
  GroupReport report;
  report.phase = reader.enumerator<GroupPhase>(5);
  report.term = reader.u64();
  report.promise = read_promise(reader);
  report.unfit = reader.boolean();
  const auto weakest = reader.enumerator<Evidence>(no_evidence + 1);
  if (static_cast<std::uint8_t>(weakest) != no_evidence) report.weakest = weakest;
  report.met.node = NodeName(reader.text(name_size_max));
  report.met.term = reader.u64();
  return report;
}

void write(ByteWriter& writer, const Echo& echo) {
  writer.u64(echo.incarnation);
  writer.u64(echo.beat);
  writer.i64(echo.silence.count());
  writer.boolean(echo.vouched);
}

Echo read_echo(ByteReader& reader) {
  Echo echo;
  echo.incarnation = reader.u64();
  echo.beat = reader.u64();
  echo.silence = Duration(reader.i64());
  echo.vouched = reader.boolean();
  return echo;
}

// Names that a peer does not know are as long as its configuration allows; counts likewise.
constexpr std::size_t groups_on_wire_max = 1024;
constexpr std::size_t nodes_on_wire_max = 256;

}  // namespace

Bytes encode(const Beat& beat) {
  ByteWriter writer;
  writer.expect(512);
  writer.u16(beat_version);
  writer.u64(beat.incarnation);
  writer.u64(beat.number);
  writer.u8(static_cast<std::uint8_t>(beat.phase));
  writer.u64(beat.config_digest);
  write_map(writer, beat.reports, [&](const GroupReport& report) { write(writer, report); });
  write_map(writer, beat.intents, [&](const Intent& intent) { write(writer, intent); });
  write_map(writer, beat.echoes, [&](const Echo& echo) { write(writer, echo); });
  write_map(writer, beat.wanted, [&](const NodeName& owner) { writer.text(owner.value); });
  writer.u64(beat.recoveries);
  writer.u32(static_cast<std::uint32_t>(beat.quarantined.size()));
  for (const auto& node : beat.quarantined) writer.text(node.value);
  writer.boolean(beat.drained);
  return writer.take();
}

Result<Beat> decode_beat(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint16_t version = reader.u16();
  if (reader.ok() && version != beat_version) {
    return failure(Code::invalid, fmt::format("the beat has version {}; this release speaks {}",
                                              version, beat_version));
  }
  Beat beat;
  beat.incarnation = reader.u64();
  beat.number = reader.u64();
  beat.phase = reader.enumerator<NodePhase>(6);
  beat.config_digest = reader.u64();
  read_map(reader, groups_on_wire_max, beat.reports, [&] { return read_report(reader); });
  read_map(reader, groups_on_wire_max, beat.intents, [&] { return read_intent(reader); });
  read_map(reader, nodes_on_wire_max, beat.echoes, [&] { return read_echo(reader); });
  read_map(reader, groups_on_wire_max, beat.wanted,
           [&] { return NodeName(reader.text(name_size_max)); });
  beat.recoveries = reader.u64();
  for (std::size_t i = reader.count(nodes_on_wire_max); i > 0 && reader.ok(); --i) {
    beat.quarantined.emplace(reader.text(name_size_max));
  }
  beat.drained = reader.boolean();
  if (!reader.finished()) return failure(Code::corrupt, "the beat is truncated or damaged");
  return beat;
}

}  // namespace mainstay
