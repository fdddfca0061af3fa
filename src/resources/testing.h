// One resource on one node, over the fake ports.
#pragma once

#include <string>
#include <vector>

#include "ports/fake_mirror.h"
#include "ports/testing.h"
#include "resources/registry.h"

namespace mainstay::testing {

struct ResourceBench {
  FakeClock clock;
  FakeAws aws{clock};
  FakeHost host{clock};
  FakeProcess process{clock};
  FakeResolver resolver{clock};
  FakeMirror mirror{clock};
  FakeMounts mounts;
  Random random{1};
  Kept kept;
  Cancellation cancellation;
  Duration time_limit = 30s;
  ActivationFacts facts;
  std::vector<std::string> warnings;
  std::vector<std::string> steps;
  const ResourceType& type;
  Params params;

  ResourceBench(std::string_view name, Params own);
  ~ResourceBench();

  Context context();
  Status activate();
  Status deactivate();
  Health check();
};

bool holds(const std::string& text, std::string_view part);

}  // namespace mainstay::testing
