// The doctor on the daemon: at its start and from time to time it looks whether everything is there
// that a failover will need, so that what is missing is known before it is missed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "api/control.h"
#include "base/random.h"
#include "config/model.h"
#include "config/schema.h"
#include "doctor/facts.h"
#include "doctor/finding.h"
#include "ports/clock.h"

namespace mainstay::apps {

// Whether the configuration has anything that a failover asks AWS for: without, there is nothing to
// look at.
bool wants_checkup(const ClusterConfig& config, const Catalog& catalog);

class Checkup {
 public:
  struct Parts {
    Clock& clock;
    doctor::World world;
    std::shared_ptr<const ClusterConfig> config;
    const Catalog& catalog;
    NodeName self;
    Random random;
    std::function<void(Severity, const std::string& subject, const std::string& text)> say;
  };
  // They outlive it.
  explicit Checkup(Parts parts);

  void start();
  const api::DoctorStatus& status() const { return status_; }

  // The groups go first, and whatever an early failover asks.
  static constexpr Duration first_after = 1min;
  // While something is amiss it is looked for more often, so that it is seen when it is mended.
  static constexpr Duration amiss_after = 5min;
  static constexpr Duration patience = 30s;

 private:
  Task<void> go_on();
  void note(const doctor::Report& report);
  Duration pause();

  Parts parts_;
  api::DoctorStatus status_;
  // By check, what was amiss at the last look.
  std::map<std::string, std::set<std::string>> told_;
  std::optional<Task<void>> rounds_;
};

}  // namespace mainstay::apps
