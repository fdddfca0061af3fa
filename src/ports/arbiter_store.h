// An arbiter's store as an administrator sees it: what it is, and everything it holds of a cluster.
// Nodes need none of this; `mainstay arbiter` does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/arbiter.h"
#include "ports/call.h"

namespace mainstay {

struct ArbiterStoreState {
  std::string name;   // "DynamoDB table mainstay"
  std::string state;  // in the store's own word: "ACTIVE"
  bool ready = false;
  std::vector<std::pair<std::string, std::string>> facts;  // "ARN" and the like, for people
  friend bool operator==(const ArbiterStoreState&, const ArbiterStoreState&) = default;
};

struct ArbiterEntry {
  std::string key;  // "node/a"
  ArbiterRecord record;
  friend bool operator==(const ArbiterEntry&, const ArbiterEntry&) = default;
};

class ArbiterStore {
 public:
  virtual ~ArbiterStore() = default;

  // not_found: there is no store yet.
  virtual Task<Result<ArbiterStoreState>> describe(Call call) = 0;
  // All records of the cluster, by key, each as a consistent read gives it.
  virtual Task<Result<std::vector<ArbiterEntry>>> list(Call call) = 0;
};

}  // namespace mainstay
