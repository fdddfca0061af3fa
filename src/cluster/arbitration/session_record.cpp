#include "cluster/arbitration/session_record.h"

namespace mainstay::arbitration {
namespace {

constexpr std::uint8_t session_version = 1;
constexpr std::size_t name_size_max = 64;
constexpr std::size_t beat_size_max = 64 * 1024;

}  // namespace

Bytes encode(const SessionRecord& record) {
  ByteWriter writer;
  writer.u8(session_version);
  writer.u8(static_cast<std::uint8_t>(record.standing));
  writer.u64(record.incarnation);
  writer.i64(record.lease.count());
  writer.text(record.revoked_by.value);
  writer.text(as_text(record.beat));
  return writer.take();
}

Result<SessionRecord> decode_session(ByteView bytes) {
  if (bytes.empty()) return SessionRecord{};
  ByteReader reader(bytes);
  if (reader.u8() != session_version)
    return failure(Code::corrupt, "the session record is of another version");
  SessionRecord record;
  record.standing = reader.enumerator<SessionStanding>(4);
  record.incarnation = reader.u64();
  record.lease = Duration(reader.i64());
  record.revoked_by = NodeName(reader.text(name_size_max));
  const std::string beat = reader.text(beat_size_max);
  record.beat.assign(beat.begin(), beat.end());
  if (!reader.finished()) return failure(Code::corrupt, "the session record is damaged");
  return record;
}

Bytes encode(const OwnerRecord& record) {
  ByteWriter writer;
  writer.u8(session_version);
  writer.text(record.owner.value);
  writer.u64(record.term);
  return writer.take();
}

Result<OwnerRecord> decode_owner(ByteView bytes) {
  if (bytes.empty()) return OwnerRecord{};
  ByteReader reader(bytes);
  if (reader.u8() != session_version)
    return failure(Code::corrupt, "the group record is of another version");
  OwnerRecord record;
  record.owner = NodeName(reader.text(name_size_max));
  record.term = reader.u64();
  if (!reader.finished()) return failure(Code::corrupt, "the group record is damaged");
  return record;
}

}  // namespace mainstay::arbitration
