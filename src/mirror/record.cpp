#include "mirror/record.h"

#include <fmt/format.h>

namespace mainstay::mirror {
namespace {

constexpr std::uint8_t version = 2;
constexpr std::uint8_t version_without_choices = 1;

}  // namespace

Bytes encode(const UpToDate& record) {
  ByteWriter writer;
  writer.u8(version);
  writer.u64(record.term);
  writer.boolean(record.first);
  writer.boolean(record.second);
  writer.u64(record.choices);
  return writer.take();
}

Result<UpToDate> decode_up_to_date(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint8_t found = reader.u8();
  UpToDate record;
  record.term = reader.u64();
  record.first = reader.boolean();
  record.second = reader.boolean();
  if (found == version) record.choices = reader.u64();
  const bool known = found == version || found == version_without_choices;
  if (!known || !reader.finished() || (!record.first && !record.second)) {
    return failure(Code::corrupt,
                   fmt::format("arbiter: the mirror's record cannot be read (version {})", found));
  }
  return record;
}

}  // namespace mainstay::mirror
