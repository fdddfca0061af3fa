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

  ResourceBench(std::string_view name, Params own)
      : type(*find_resource_type(name)), params(std::move(own)) {
    const Params defaults = defaults_of(type.schema.fields);
    params.insert(defaults.begin(), defaults.end());
  }

  Context context() {
    return {
        .node = NodeName("server1"),
        .group = GroupName("failover1"),
        .resource = ResourceName("resource1"),
        .term = 7,
        .call = {time_limit == Duration::max() ? never : clock.now() + time_limit, cancellation},
        .clock = clock,
        .host = host,
        .process = process,
        .aws = aws,
        .resolver = resolver,
        .mirror = mirror,
        .mounts = mounts,
        .random = random,
        .facts = facts,
        .warn = [this](std::string text) { warnings.push_back(std::move(text)); },
        .progress = [this](std::string text) { steps.push_back(std::move(text)); },
        .log_directory = "/var/log/mainstay",
        .kept = kept};
  }
  Status activate() {
    Context here = context();
    return run(clock, type.activate(params, here));
  }
  Status deactivate() {
    Context here = context();
    return run(clock, type.deactivate(params, here));
  }
  Health check() {
    Context here = context();
    return run(clock, type.check(params, here));
  }
};

inline bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mainstay::testing
