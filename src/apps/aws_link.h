// From [aws] of the configuration to a connection: the environment of this process, and the file
// that adds to it.
#pragma once

#include <memory>

#include "adapters/aws/connection.h"
#include "config/model.h"

namespace mainstay::apps {

aws::Backend backend_of(AwsBackend backend);
// Speaks to nobody yet. invalid: a file or a value is wrong. Clock and loop outlive it.
Result<std::unique_ptr<aws::Connection>> open_aws(const AwsConfig& config, Clock& clock,
                                                  EventLoop& loop, Random random);

}  // namespace mainstay::apps
