// A source file as the rules see it: its text, and the same text with comments and literals blanked
// out so that a rule about code never trips over prose.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mainstay::tidy {

struct Source {
  std::string path;  // relative to the root of the repository, with forward slashes
  std::string text;
  // As long as `text`, line by line: comments and the contents of string and character literals are
  // spaces.
  std::string code;
  std::vector<std::string_view> lines;       // of `text`
  std::vector<std::string_view> code_lines;  // of `code`

  Source(std::string path, std::string text);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool is_header() const { return path.ends_with(".h"); }
  bool is_test() const { return path.ends_with("_test.cpp"); }
  // What only tests use: testing.h, testing_aws.cpp, aws_contract.h, fixture.h, fake_control.h ...
  bool is_test_support() const;
  bool is_cpp() const { return is_header() || path.ends_with(".cpp"); }
  // 1 for the first line.
  std::size_t line_of(std::size_t offset) const;
};

struct Finding {
  std::string path;
  std::size_t line = 0;  // 0: the file as a whole
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

std::string blank_comments_and_literals(std::string_view text);
std::vector<std::string_view> split_lines(std::string_view text);
std::string_view trim(std::string_view text);
bool is_word_char(char c);
// The offset of `word` as a whole word in `text` at or after `from`, or npos.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

}  // namespace mainstay::tidy
