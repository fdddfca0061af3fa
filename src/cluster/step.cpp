#include "cluster/step.h"

#include "base/sabotage.h"

namespace mainstay {

Duration with_drift(Duration duration, double drift_bound) {
  if (sabotaged(Sabotage::no_drift_margin)) return duration;
  const double factor = (1 + drift_bound) / (1 - drift_bound);
  return std::chrono::ceil<std::chrono::microseconds>(
      std::chrono::duration<double, std::nano>(static_cast<double>(duration.count()) * factor));
}

}  // namespace mainstay
