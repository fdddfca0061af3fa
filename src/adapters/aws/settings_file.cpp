#include "adapters/aws/settings_file.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "adapters/http/url.h"
#include "base/file.h"

namespace mainstay::aws {
namespace {

constexpr std::size_t file_size_max = 64 * 1024;

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return c == ' ' || c == '\t'; });
}

}  // namespace

Result<Environment> with_settings(Environment environment, std::string_view text,
                                  std::string_view file_name) {
  bool in_section = false;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trim(text.substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      in_section = line == "[ENVIRONMENT]";
      continue;
    }
    const auto equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      return failure(Code::invalid,
                     fmt::format("{}: line {} is neither '[ENVIRONMENT]' nor 'NAME = "
                                 "value'. Correct or remove it",
                                 file_name, number));
    }
    if (in_section) environment[std::string(name)] = trim(line.substr(equals + 1));
  }
  return environment;
}

Result<Environment> with_settings_file(Environment environment, const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return environment;
  const auto text = read_file(path, file_size_max);
  if (!text) return std::unexpected(text.error());
  return with_settings(std::move(environment), *text, path);
}

}  // namespace mainstay::aws
