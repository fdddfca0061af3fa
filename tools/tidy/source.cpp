// Blanks comments and literals with a small lexer; everything else is text handling.
#include "tidy/source.h"

#include <algorithm>
#include <cctype>

namespace mainstay::tidy {
namespace {

// Walks through the text once and blanks as it goes. Line ends are kept, so that offsets and line
// numbers of text and code agree.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), out_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    if (starts("//")) return blank_until("\n", 0);
    if (starts("/*")) return blank_until("*/", 2);
    if (starts("R\"") && !after_word()) return raw_string();
    if (text_[at_] == '"') return quoted('"');
    // An apostrophe after a digit or letter separates digits: 1'000.
    if (text_[at_] == '\'' && !after_word()) return quoted('\'');
    ++at_;
  }

  bool starts(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }
  bool after_word() const { return at_ > 0 && is_word_char(text_[at_ - 1]); }

  void blank(std::size_t end) {
    for (; at_ < std::min(end, text_.size()); ++at_) {
      if (out_[at_] != '\n') out_[at_] = ' ';
    }
  }

  void blank_until(std::string_view stop, std::size_t length) {
    const std::size_t found = text_.find(stop, at_);
    blank(found == std::string_view::npos ? text_.size() : found + length);
  }

  // Keeps the quotes themselves, so that code still sees that a literal stood there.
  void quoted(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    ++at_;
    blank(end);
    if (at_ < text_.size()) ++at_;
  }

  void raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return blank(text_.size());
    std::string stop = ")";
    stop += text_.substr(at_ + 2, open - at_ - 2);
    stop += '"';
    blank_until(stop, stop.size());
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
};

}  // namespace

Source::Source(std::string path_in, std::string text_in)
    : path(std::move(path_in)),
      text(std::move(text_in)),
      code(blank_comments_and_literals(text)),
      lines(split_lines(text)),
      code_lines(split_lines(code)) {}

bool Source::is_test_support() const {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  for (const std::string_view begin : {"testing", "fake_", "canned_"}) {
    if (name.starts_with(begin)) return true;
  }
  if (name.ends_with("_contract.cpp") || name.ends_with("_contract.h")) return true;
  return is_header() && (name.find("test") != std::string_view::npos ||
                         name.find("fixture") != std::string_view::npos);
}

std::size_t Source::line_of(std::size_t offset) const {
  const auto end = code.begin() + static_cast<std::ptrdiff_t>(std::min(offset, code.size()));
  return 1 + static_cast<std::size_t>(std::count(code.begin(), end, '\n'));
}

std::string blank_comments_and_literals(std::string_view text) { return Blanker(text).run(); }

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_char(text[at - 1]);
    const bool ends = end == text.size() || !is_word_char(text[end]);
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

}  // namespace mainstay::tidy
