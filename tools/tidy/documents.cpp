// Documents: what they point at must exist.
#include <algorithm>
#include <array>
#include <regex>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

std::string folder_with_slash(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash + 1));
}

// "docs/a/../b.md" -> "docs/b.md".
std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().generic_string();
}

bool is_elsewhere(std::string_view target) {
  return target.find("://") != std::string_view::npos || target.starts_with("mailto:") ||
         target.starts_with("#") || target.empty();
}

// A file of this tree named in backticks: begins with one of our folders, ends in a suffix, and has
// no placeholder in it.
bool is_own_file(std::string_view text) {
  static constexpr std::array folders = {"src/",  "docs/", "tools/", "bench/",
                                         "fuzz/", "test/", "cmake/", "packaging/"};
  const bool ours =
      std::ranges::any_of(folders, [&](std::string_view f) { return text.starts_with(f); });
  const std::string_view file = text.substr(text.rfind('/') + 1);
  const bool plain = text.find_first_of("*<>{}() …") == std::string_view::npos;
  return ours && plain && file.find('.') != std::string_view::npos;
}

}  // namespace

void check_links(const Source& document, const Exists& exists, Findings& findings) {
  static const std::regex link(R"(\]\(([^)\s#]*)(#[^)\s]*)?\))");
  static const std::regex code(R"(`([^`]+)`)");
  for (std::size_t i = 0; i < document.lines.size(); ++i) {
    const std::string line(document.lines[i]);
    for (std::sregex_iterator at(line.begin(), line.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (is_elsewhere(target)) continue;
      if (exists(normal(folder_with_slash(document.path) + target))) continue;
      findings.push_back(
          {document.path, i + 1, fmt::format("the link to {} leads nowhere", target)});
    }
    for (std::sregex_iterator at(line.begin(), line.end(), code), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (!is_own_file(target) || exists(target)) continue;
      findings.push_back(
          {document.path, i + 1, fmt::format("names {}, which does not exist", target)});
    }
  }
}

}  // namespace mainstay::tidy
