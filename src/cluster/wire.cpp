#include "cluster/wire.h"

namespace mainstay {

void write(ByteWriter& writer, const Promise& promise) {
  writer.u64(promise.term);
  writer.text(promise.claimant.value);
}

Promise read_promise(ByteReader& reader) {
  Promise promise;
  promise.term = reader.u64();
  promise.claimant = NodeName(reader.text(name_size_max));
  return promise;
}

void write(ByteWriter& writer, const Intent& intent) {
  writer.u64(intent.number);
  writer.text(intent.by.value);
  writer.boolean(intent.run);
  writer.text(intent.to.value);
  writer.u64(intent.after);
  writer.boolean(intent.restart);
}

Intent read_intent(ByteReader& reader) {
  Intent intent;
  intent.number = reader.u64();
  intent.by = NodeName(reader.text(name_size_max));
  intent.run = reader.boolean();
  intent.to = NodeName(reader.text(name_size_max));
  intent.after = reader.u64();
  intent.restart = reader.boolean();
  return intent;
}

}  // namespace mainstay
