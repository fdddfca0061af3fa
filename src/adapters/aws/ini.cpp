#include "adapters/aws/ini.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

bool is_comment(std::string_view line) { return line.starts_with('#') || line.starts_with(';'); }

std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool begins = value[i] == '#' || value[i] == ';';
    if (begins && (value[i - 1] == ' ' || value[i - 1] == '\t')) return value.substr(0, i);
  }
  return value;
}

// Reads line by line; false: this line is wrong.
class IniReader {
 public:
  bool line(std::string_view raw) {
    const std::string_view text = trim(raw);
    if (text.empty() || is_comment(text)) return true;
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    if (indented && !parent_.empty()) return below(text);
    return text.starts_with('[') ? section(text) : setting(text);
  }
  Ini take() { return std::move(ini_); }

 private:
  bool section(std::string_view text) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const std::string name(trim(text.substr(1, end - 1)));
    if (name.empty()) return false;
    section_ = &ini_[name];
    parent_.clear();
    return true;
  }

  bool setting(std::string_view text) {
    const auto equals = text.find('=');
    if (section_ == nullptr || equals == std::string_view::npos) return false;
    const std::string key = lower_case(trim(text.substr(0, equals)));
    if (key.empty()) return false;
    (*section_)[key] = trim(without_comment(text.substr(equals + 1)));
    parent_ = key;
    return true;
  }

  bool below(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !(*section_)[parent_].empty()) return true;
    const std::string key = lower_case(trim(text.substr(0, equals)));
    (*section_)[parent_ + "." + key] = trim(without_comment(text.substr(equals + 1)));
    return true;
  }

  Ini ini_;
  IniSection* section_ = nullptr;
  std::string parent_;
};

}  // namespace

Result<Ini> parse_ini(std::string_view text, std::string_view file_name) {
  IniReader reader;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    ++number;
    if (!reader.line(text.substr(begin, end - begin))) {
      return failure(Code::invalid, fmt::format("{}: line {} is neither '[section]' nor 'key = "
                                                "value' in a section. Correct or remove it",
                                                file_name, number));
    }
    begin = end + 1;
  }
  return reader.take();
}

}  // namespace mainstay::aws
