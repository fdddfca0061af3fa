#include "base/file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fmt/format.h>

namespace mainstay {
namespace {

Error error_of(const std::string& file, int error) {
  const Code code = error == ENOENT || error == ENOTDIR ? Code::not_found
                    : error == EISDIR                   ? Code::invalid
                                                        : Code::denied;
  return {code, fmt::format("{}: {}", file, std::generic_category().message(error))};
}

}  // namespace

Result<std::string> read_file(const std::string& file, std::size_t size_max) {
  const auto close = [](std::FILE* open) { std::fclose(open); };
  const std::unique_ptr<std::FILE, decltype(close)> in(std::fopen(file.c_str(), "rbe"), close);
  if (!in) return std::unexpected(error_of(file, errno));
  std::string text(size_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()) != 0) return std::unexpected(error_of(file, errno));
  if (text.size() <= size_max) return text;
  return failure(Code::invalid, fmt::format("{} is larger than {} bytes", file, size_max));
}

}  // namespace mainstay
