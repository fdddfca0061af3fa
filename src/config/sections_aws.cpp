// The fields of [aws].
#include "config/sections.h"

namespace mainstay {

const std::vector<Field>& aws_fields() {
  static const std::vector<Field> fields = {
      choice<AwsConfig, AwsBackend>(&AwsConfig::backend, "backend",
                                    {{"native", AwsBackend::native}, {"cli", AwsBackend::cli}})
          .help("How AWS is asked: by the daemon itself, or by the AWS CLI, a process for every "
                "question."),
      field(&AwsConfig::settings, "settings")
          .help(
              "File with environment variables for AWS, one `NAME = value` a line below "
              "`[ENVIRONMENT]`, with either back end. `CLP_AWS_CMD` names the program that is run "
              "instead of `aws`. A file that is not there is empty.")
          .format(TextFormat::path),
      field(&AwsConfig::role_arn, "role_arn")
          .help("The role that is taken on for what resources and monitors ask, where they name "
                "none of their own. The daemon's own rights if left out.")
          .format(TextFormat::role_arn),
      field(&AwsConfig::doctor, "doctor")
          .help("Whether the daemon looks, as `mainstay doctor` does, for what a failover will "
                "need: soon after its start and from time to time. What is missing is a warning."),
      field(&AwsConfig::doctor_interval, "doctor_interval")
          .help("How often; every 5 minutes at least while something is missing.")
          .range(1min, 24h),
  };
  return fields;
}

}  // namespace mainstay
