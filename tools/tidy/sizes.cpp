// Sizes: how long files, functions and lines are, and the ratchet for those that were too long
// before the wall stood.
//
// Functions are found by their braces. What precedes an opening brace, back to the last `;`, `{` or
// `}`, says what the brace opens: a scope (namespace, class ...), a function body, or something
// else (an initialiser). That is a guess, but one that is right for code in our format.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

enum class Opens { scope, function, other };

std::string without_template_heads(std::string_view head) {
  std::string rest(trim(head));
  while (rest.starts_with("template")) {
    std::size_t at = rest.find('<');
    int depth = 0;
    for (; at < rest.size(); ++at) {
      if (rest[at] == '<') ++depth;
      if (rest[at] == '>' && --depth == 0) break;
    }
    if (at >= rest.size()) break;
    rest = std::string(trim(std::string_view(rest).substr(at + 1)));
  }
  return rest;
}

bool begins_scope(std::string_view head) {
  for (const std::string_view word : {"namespace", "class", "struct", "union", "enum", "extern"}) {
    if (find_word(head, word) != std::string_view::npos &&
        head.find('(') == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// After the closing parenthesis of a parameter list come only qualifiers, a return type or
// constructor initialisers; before it stands a name.
bool begins_function(std::string_view head) {
  const std::size_t open = head.find('(');
  if (open == std::string_view::npos || head.find(')') == std::string_view::npos) return false;
  const char last = head.back();
  if (last == '(' || last == ',' || last == '=' || last == '<') return false;
  if (last == ')' || last == '}') return true;
  const std::size_t close = head.rfind(')');
  const std::string_view tail = trim(head.substr(close + 1));
  if (tail.starts_with(":") || tail.starts_with(",")) return false;  // a member's initialiser
  static constexpr std::array qualifiers = {"const",   "noexcept", "override", "final",
                                            "mutable", "&",        "&&",       "->"};
  return std::ranges::any_of(qualifiers, [&](std::string_view q) { return tail.starts_with(q); });
}

Opens what_opens(std::string_view raw_head) {
  const std::string head = without_template_heads(raw_head);
  if (head.empty()) return Opens::other;
  if (begins_scope(head)) return Opens::scope;
  return begins_function(head) ? Opens::function : Opens::other;
}

std::string name_of(std::string_view raw_head) {
  const std::string head = without_template_heads(raw_head);
  const std::size_t open = head.find('(');
  std::size_t begin = open;
  while (begin > 0 &&
         (is_word_char(head[begin - 1]) || head[begin - 1] == ':' || head[begin - 1] == '~')) {
    --begin;
  }
  std::string name = head.substr(begin, open - begin);
  return name.empty() ? "operator or lambda" : name;
}

class BlockFinder {
 public:
  explicit BlockFinder(const Source& source) : source_(source) {}

  std::vector<Block> run() {
    bool directive = false;
    for (const std::string_view line : source_.code_lines) {
      ++line_;
      // Preprocessor lines, with their continuations, are not part of any head.
      const bool skip = directive || trim(line).starts_with("#");
      directive = skip && trim(line).ends_with("\\");
      if (skip) continue;
      for (const char c : line) take(c);
      if (!head_.empty()) head_ += ' ';
    }
    return std::move(blocks_);
  }

 private:
  struct Open {
    Opens kind;
    std::string head;  // of the block around it, to go on with after an initialiser
    std::size_t head_line;
  };

  bool in_function() const { return !open_.empty() && open_.back().kind == Opens::function; }

  void take(char c) {
    if (c == '{') return open();
    if (c == '}') return close();
    if (c == ';' && parentheses_ == 0) return reset();
    if (c == '(') ++parentheses_;
    if (c == ')' && parentheses_ > 0) --parentheses_;
    if (head_.empty() && c == ' ') return;
    if (head_.empty()) head_line_ = line_;
    head_ += c;
  }

  void reset() {
    head_.clear();
    parentheses_ = 0;
  }

  void open() {
    // Inside a function every brace is part of it.
    const Opens kind = in_function() ? Opens::function : what_opens(head_);
    if (kind == Opens::function && !in_function()) {
      blocks_.push_back({name_of(head_), head_line_, 0});
      body_depth_ = open_.size();
    }
    open_.push_back({kind, std::move(head_), head_line_});
    parentheses_stack_.push_back(parentheses_);
    reset();
  }

  void close() {
    reset();
    if (open_.empty()) return;
    Open closed = std::move(open_.back());
    open_.pop_back();
    const int parentheses = parentheses_stack_.back();
    parentheses_stack_.pop_back();
    if (closed.kind == Opens::function && open_.size() == body_depth_) {
      blocks_.back().last_line = line_;
    }
    if (closed.kind != Opens::other) return;
    head_ = std::move(closed.head) + "{}";
    head_line_ = closed.head_line;
    parentheses_ = parentheses;
  }

  const Source& source_;
  std::vector<Block> blocks_;
  std::vector<Open> open_;
  std::vector<int> parentheses_stack_;
  std::string head_;
  std::size_t head_line_ = 0;
  std::size_t line_ = 0;
  std::size_t body_depth_ = 0;
  int parentheses_ = 0;
};

struct RatchetLine {
  std::string path;
  std::string name;
  std::size_t lines = 0;
};

// "src/foo.cpp name 83"; lines that begin with # are comments.
bool parse_ratchet_line(std::string_view line, RatchetLine& entry) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  entry.path = line.substr(0, first);
  entry.name = trim(line.substr(first, last - first));
  const std::string_view number = line.substr(last + 1);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), entry.lines);
  return error == std::errc() && end == number.data() + number.size();
}

std::size_t columns_of(std::string_view line) {
  // Bytes that continue a UTF-8 character take no column.
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::vector<Block> functions_of(const Source& source) {
  auto blocks = BlockFinder(source).run();
  std::erase_if(blocks, [](const Block& block) { return block.last_line == 0; });
  return blocks;
}

std::vector<Oversize> oversized(const Source& source) {
  std::vector<Oversize> found;
  if (source.lines.size() > file_lines_max) {
    found.push_back({source.path, "file", source.lines.size(), 1});
  }
  for (const Block& block : functions_of(source)) {
    if (block.size() <= function_lines_max) continue;
    found.push_back({source.path, block.name, block.size(), block.first_line});
  }
  return found;
}

void check_ratchet(std::string_view ratchet, const std::string& path,
                   const std::vector<Oversize>& oversizes, Findings& findings) {
  std::set<std::size_t> excused;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(ratchet)) {
    ++number;
    if (trim(line).empty() || line.starts_with("#")) continue;
    RatchetLine entry;
    if (!parse_ratchet_line(line, entry)) {
      findings.push_back({path, number, "not of the form 'path name lines'"});
      continue;
    }
    const auto same = [&](const Oversize& o) {
      return o.path == entry.path && o.name == entry.name;
    };
    const auto match = std::ranges::find_if(oversizes, same);
    if (match == oversizes.end()) {
      findings.push_back(
          {path, number,
           fmt::format("{} {} is no longer too long: remove this line", entry.path, entry.name)});
    } else if (match->lines < entry.lines) {
      findings.push_back({path, number,
                          fmt::format("{} {} has shrunk to {} lines: lower the number", entry.path,
                                      entry.name, match->lines)});
    } else if (match->lines == entry.lines) {
      excused.insert(static_cast<std::size_t>(match - oversizes.begin()));
    }
  }
  for (std::size_t i = 0; i < oversizes.size(); ++i) {
    if (excused.contains(i)) continue;
    const Oversize& o = oversizes[i];
    const std::size_t wall = o.name == "file" ? file_lines_max : function_lines_max;
    findings.push_back(
        {o.path, o.line,
         fmt::format("{} has {} lines, the wall is {}: split it", o.name, o.lines, wall)});
  }
}

void check_columns(const Source& source, Findings& findings) {
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::size_t columns = columns_of(source.lines[i]);
    // A raw string is somebody else's text: a page of help, a document.
    const bool inside =
        trim(source.code_lines[i]).empty() && !trim(source.lines[i]).starts_with("//");
    const bool raw_string = inside || source.lines[i].find("R\"") != std::string_view::npos;
    if (columns <= columns_max || raw_string) continue;
    findings.push_back(
        {source.path, i + 1, fmt::format("{} columns, the wall is {}", columns, columns_max)});
  }
}

}  // namespace mainstay::tidy
