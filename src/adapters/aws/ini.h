// The dialect of INI that ~/.aws/config and ~/.aws/credentials are written in.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::aws {

using IniSection = std::map<std::string, std::string>;
using Ini = std::map<std::string, IniSection>;

inline constexpr std::size_t ini_size_max = 1024 * 1024;

// Lines "[section]" and "key = value". Comments begin with '#' or ';', at the beginning of a line
// or after white space. Indented lines are settings below the key before them: "endpoint_url" below
// "ec2 =" is "ec2.endpoint_url"; below a key that has a value they are skipped.
// Keys are lower case; of two values of one key the later one counts. An error names the line's
// number, never its text: it may be a secret.
Result<Ini> parse_ini(std::string_view text, std::string_view file_name);

}  // namespace mainstay::aws
