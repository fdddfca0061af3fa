// The few numbers a benchmark reports: median, least and greatest.
#pragma once

#include <vector>

namespace mainstay::bench {

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
  friend bool operator==(const Spread&, const Spread&) = default;
};

// Of at least one value. The median of an even number is the mean of the two in the middle.
Spread spread_of(std::vector<double> values);

}  // namespace mainstay::bench
