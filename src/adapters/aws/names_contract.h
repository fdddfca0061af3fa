// What every Aws must do with names, whichever way Route 53 is asked: test support, like
// ports/aws_contract.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ports/aws.h"
#include "ports/clock.h"

namespace mainstay {

struct NamesContractWorld {
  Aws& aws;
  Clock& clock;
  // Runs the world until `done` says so.
  std::function<void(const std::function<bool()>& done)> run_until;
  AwsHostedZone zone;
  std::string name;  // lies in the zone, which has no record set of it yet

  // Each lasts until `heal`.
  std::function<void()> throttle;
  std::function<void()> deny;
  std::function<void()> be_silent;
  std::function<void()> heal;

  Duration call_limit = 10s;
};

// The broken clauses, each with what was found.
std::vector<std::string> broken_names_clauses(NamesContractWorld& world);

}  // namespace mainstay
