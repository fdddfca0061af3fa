// Whatever bytes a configuration file holds: the parser ends, with a configuration or with problems
// that have a place in the file; and what it takes it prints and takes again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "catalog/catalog.h"
#include "config/difference.h"
#include "config/parse.h"
#include "config/print.h"
#include "config/safety.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mainstay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(text, catalog());
  if (!config) {
    MAINSTAY_CHECK(!config.error().empty());
    MAINSTAY_CHECK(config.error().size() <= problems_max);
    for (const Problem& problem : config.error()) MAINSTAY_CHECK(!problem.fact.empty());
    return 0;
  }
  const auto again = parse_config(print_config(*config, catalog()), catalog());
  MAINSTAY_CHECK(again.has_value());
  MAINSTAY_CHECK(*again == *config);
  MAINSTAY_CHECK(difference(*config, *again, catalog()).empty());
  MAINSTAY_CHECK(safety_sentences(*config).size() == config->groups.size());
  return 0;
}
