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
  };
  return fields;
}

}  // namespace mainstay
