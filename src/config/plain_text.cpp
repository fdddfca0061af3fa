#include "config/plain_text.h"

#include <fmt/format.h>

namespace mainstay {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_ascii(char letter) { return static_cast<unsigned char>(letter) < 0x80; }
// The second and further bytes of a character in UTF-8.
bool is_continuation(char letter) { return (static_cast<unsigned char>(letter) & 0xC0) == 0x80; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  std::optional<Position> find() {
    while (!rest_.empty()) {
      const char letter = rest_.front();
      if (!is_ascii(letter)) return position_;
      if (letter == '#') {
        skip_comment();
      } else if (letter == '"' || letter == '\'') {
        skip_string(letter);
      } else {
        next();
      }
    }
    return std::nullopt;
  }

 private:
  void next() {
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    if (letter == '\n') {
      position_ = {position_.line + 1, 1};
    } else if (rest_.empty() || !is_continuation(rest_.front())) {
      ++position_.column;
    }
  }
  void skip_comment() {
    while (!rest_.empty() && rest_.front() != '\n') next();
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    for (std::size_t i = 0; i < text.size(); ++i) next();
    return true;
  }
  void skip_string(char quote) {
    const std::string one(1, quote);
    const std::string three(3, quote);
    const bool multi_line = take(three);
    if (!multi_line) next();
    while (!rest_.empty()) {
      if (quote == '"' && rest_.front() == '\\') {
        next();
        if (!rest_.empty()) next();
      } else if (multi_line && take(three)) {
        // Up to two quotes of its own may stand before the three that end it.
        if (take(one)) take(one);
        return;
      } else if (!multi_line && (rest_.front() == '\n' || take(one))) {
        return;
      } else {
        next();
      }
    }
  }

  std::string_view rest_;
  Position position_{1, 1};
};

}  // namespace

std::optional<Problem> stray_character(std::string_view text) {
  const auto position = Scanner(text).find();
  if (!position) return std::nullopt;
  return Problem{*position, "", "a character that is not ASCII stands outside of quotes",
                 "Quotes are \" or ', blanks are plain blanks; other characters belong between "
                 "quotes or behind a #."};
}

}  // namespace mainstay
