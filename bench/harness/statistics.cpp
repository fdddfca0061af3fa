#include "harness/statistics.h"

#include <algorithm>

#include "base/check.h"

namespace mainstay::bench {

Spread spread_of(std::vector<double> values) {
  MAINSTAY_CHECK(!values.empty());
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const bool odd = values.size() % 2 == 1;
  const double median = odd ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .min = values.front(), .max = values.back()};
}

}  // namespace mainstay::bench
