// From the values of a document to the struct that a type declared its fields on, kept alive for as
// long as the verb that works with it.
#pragma once

#include <vector>

#include "base/task.h"
#include "config/field.h"
#include "config/model.h"

namespace mainstay {

template <class Config>
Config typed(const std::vector<Field>& fields, const Params& params) {
  Config config;
  for (const Field& field : fields) {
    const auto found = params.find(field.key);
    if (found != params.end()) field.write(&config, found->second);
  }
  return config;
}

template <class Config, class T, class Context>
Task<T> with_config(Task<T> (*verb)(const Config&, Context&), Config config, Context& context) {
  co_return co_await verb(config, context);
}

}  // namespace mainstay
