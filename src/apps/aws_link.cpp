#include "apps/aws_link.h"

#include "adapters/aws/environment.h"
#include "adapters/aws/settings_file.h"

namespace mainstay::apps {

Result<std::unique_ptr<aws::Connection>> open_aws(const AwsConfig& config, Clock& clock,
                                                  EventLoop& loop, Random random) {
  auto environment = aws::with_settings_file(aws::process_environment(), config.settings);
  if (!environment) return std::unexpected(environment.error());
  const auto backend = config.backend == AwsBackend::cli ? aws::Backend::cli : aws::Backend::native;
  return aws::Connection::open(clock, loop, std::move(*environment), std::move(random), backend);
}

}  // namespace mainstay::apps
