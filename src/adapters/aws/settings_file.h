// clpaws_setting.conf: environment variables for whatever asks AWS, one "NAME = value" a line below
// [ENVIRONMENT].
#pragma once

#include <string>

#include "adapters/aws/environment.h"
#include "base/result.h"

namespace mainstay::aws {

// Names the program that is run instead of `aws`.
inline constexpr const char* cli_program_variable = "CLP_AWS_CMD";

// The environment with what the file says, which goes before it. A file that is not there changes
// nothing. invalid: a line is wrong; the message names its number, never its text.
Result<Environment> with_settings_file(Environment environment, const std::string& path);
Result<Environment> with_settings(Environment environment, std::string_view text,
                                  std::string_view file_name);

}  // namespace mainstay::aws
