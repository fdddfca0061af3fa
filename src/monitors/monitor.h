// A type of monitor: one question to the world, asked on a schedule. A monitor never changes what
// it looks at. What its answer leads to is decided elsewhere.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/health.h"
#include "base/name.h"
#include "base/task.h"
#include "config/model.h"
#include "config/schema.h"
#include "config/typed.h"
#include "ports/aws.h"
#include "ports/call.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/mirror.h"
#include "ports/process.h"

namespace mainstay {

struct MonitorContext {
  NodeName node;
  MonitorName monitor;
  Call call;
  Clock& clock;
  Host& host;
  Process& process;
  Aws& aws;
  Mirror& mirror;
  std::string log_directory;
};

// Type-erased: what the executor calls.
struct MonitorType {
  TypeSchema schema;
  std::function<Task<Health>(const Params&, MonitorContext&)> observe;
};

template <class Config>
struct Monitor {
  TypeSchema schema;
  Task<Health> (*observe)(const Config&, MonitorContext&) = nullptr;

  operator MonitorType() const {
    return {schema, [verb = observe, fields = schema.fields](const Params& params,
                                                             MonitorContext& context) {
              return with_config<Config, Health, MonitorContext>(
                  verb, typed<Config>(fields, params), context);
            }};
  }
};

}  // namespace mainstay
