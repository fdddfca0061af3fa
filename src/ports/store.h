// The few facts of a node that must survive a crash: one small document, replaced as a whole.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"

namespace mainstay {

inline constexpr std::size_t store_size_max = 1024 * 1024;

class Store {
 public:
  virtual ~Store() = default;

  // The last document whose save succeeded, or the one before it if a crash tore the last; nothing
  // on a new node. Called once, before the loop runs. corrupt: there is a document, but no copy of
  // it checks out.
  virtual Result<std::optional<Bytes>> load() = 0;
  // Done means durable: it is found again after a power cut. Saves take effect in the order they
  // were asked for.
  virtual Task<Status> save(Bytes document) = 0;
};

}  // namespace mainstay
