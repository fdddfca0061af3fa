// A store that was loaded, and locked, before the driver was made: nothing else may be opened by a
// second daemon on the same directory.
#pragma once

#include "ports/store.h"

namespace mainstay::apps {

class LoadedStore final : public Store {
 public:
  explicit LoadedStore(Store& under) : under_(under) {}

  Status load_now() {
    auto loaded = under_.load();
    if (!loaded) return std::unexpected(loaded.error());
    document_ = std::move(*loaded);
    return {};
  }
  Result<std::optional<Bytes>> load() override { return std::move(document_); }
  Task<Status> save(Bytes document) override { return under_.save(std::move(document)); }

 private:
  Store& under_;
  std::optional<Bytes> document_;
};

}  // namespace mainstay::apps
