// A number that two nodes compare: equal if their configurations mean the same, whatever comments,
// order of keys and layout the documents have.
#pragma once

#include <cstdint>

#include "config/model.h"
#include "config/schema.h"

namespace mainstay {

std::uint64_t digest_of(const ClusterConfig& config, const Catalog& catalog);

}  // namespace mainstay
