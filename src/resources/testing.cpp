#include "resources/testing.h"

namespace mainstay::testing {

ResourceBench::ResourceBench(std::string_view name, Params own)
    : type(*find_resource_type(name)), params(std::move(own)) {
  const Params defaults = defaults_of(type.schema.fields);
  params.insert(defaults.begin(), defaults.end());
}

ResourceBench::~ResourceBench() = default;

Context ResourceBench::context() {
  return {.node = NodeName("server1"),
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

Status ResourceBench::activate() {
  Context here = context();
  return run(clock, type.activate(params, here));
}

Status ResourceBench::deactivate() {
  Context here = context();
  return run(clock, type.deactivate(params, here));
}

Health ResourceBench::check() {
  Context here = context();
  return run(clock, type.check(params, here));
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mainstay::testing
