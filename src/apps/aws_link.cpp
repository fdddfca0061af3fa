#include "apps/aws_link.h"

#include "adapters/aws/environment.h"
#include "adapters/aws/settings_file.h"

namespace mainstay::apps {

aws::Backend backend_of(AwsBackend backend) {
  return backend == AwsBackend::cli ? aws::Backend::cli : aws::Backend::native;
}

Result<std::unique_ptr<aws::Connection>> open_aws(const AwsConfig& config, Clock& clock,
                                                  EventLoop& loop, Random random) {
  auto environment = aws::with_settings_file(aws::process_environment(), config.settings);
  if (!environment) return std::unexpected(environment.error());
  return aws::Connection::open(clock, loop, std::move(*environment), std::move(random),
                               backend_of(config.backend));
}

}  // namespace mainstay::apps
