#include "config/digest.h"

#include "base/bytes.h"
#include "config/print.h"

namespace mainstay {

std::uint64_t digest_of(const ClusterConfig& config, const Catalog& catalog) {
  Digest digest;
  digest.add(print_config(config, catalog));
  return digest.value();
}

}  // namespace mainstay
