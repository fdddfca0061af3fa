// Which headers of the standard library (and fmt) a header of ours needs, by the names it uses. The
// precompiled header brings all of these along, so the compiler would miss none of them.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

// Names after `std::`; a header that stands in several rows serves them all.
struct Row {
  std::string_view header;
  std::string_view names;
};

constexpr std::array table = {
    Row{"algorithm", "ranges sort min max clamp any_of all_of none_of find_if"},
    Row{"array", "array"},
    Row{"chrono", "chrono"},
    Row{"compare", "strong_ordering partial_ordering weak_ordering"},
    Row{"coroutine", "coroutine_handle suspend_always suspend_never"},
    Row{"cstdint", "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t"},
    Row{"deque", "deque"},
    Row{"expected", "expected unexpected"},
    Row{"functional", "function move_only_function"},
    Row{"map", "map multimap"},
    Row{"memory", "unique_ptr shared_ptr weak_ptr make_unique make_shared enable_shared_from_this"},
    Row{"optional", "optional nullopt"},
    Row{"set", "set multiset"},
    Row{"span", "span"},
    Row{"string", "string to_string string_view"},
    Row{"string_view", "string_view"},
    Row{"tuple", "tuple tie"},
    Row{"utility", "pair move forward exchange"},
    Row{"variant", "variant visit monostate holds_alternative get_if"},
    Row{"vector", "vector"},
};

// These bring <utility>'s names along in every implementation.
constexpr std::array with_utility = {"algorithm", "array",   "deque",    "expected", "functional",
                                     "map",       "memory",  "optional", "set",      "string",
                                     "tuple",     "variant", "vector"};

bool names(const Row& row, std::string_view name) {
  return find_word(row.names, name) != row.names.npos;
}

std::set<std::string> headers_for(std::string_view name) {
  std::set<std::string> headers;
  for (const Row& row : table) {
    if (names(row, name)) headers.emplace(row.header);
  }
  if (headers.contains("utility")) headers.insert(with_utility.begin(), with_utility.end());
  return headers;
}

// The words that follow `qualifier`, with the place where each stands first.
std::map<std::string, std::size_t> words_after(std::string_view code, std::string_view qualifier) {
  std::map<std::string, std::size_t> words;
  for (std::size_t at = code.find(qualifier); at != std::string_view::npos;
       at = code.find(qualifier, at + qualifier.size())) {
    if (at > 0 && (is_word_char(code[at - 1]) || code[at - 1] == ':')) continue;
    const std::size_t begin = at + qualifier.size();
    std::size_t end = begin;
    while (end < code.size() && is_word_char(code[end])) ++end;
    words.emplace(code.substr(begin, end - begin), at);
  }
  return words;
}

bool is_fmt(const std::string& header) { return header.starts_with("fmt/"); }

}  // namespace

void StandardHeaders::add(const Source& source) {
  if (!source.is_header()) return;
  Header& header = headers_[source.path];
  for (const std::string_view line : source.lines) {
    const std::string_view text = trim(line);
    if (!text.starts_with("#include")) continue;
    const std::string_view target = trim(text.substr(std::string_view("#include").size()));
    if (target.size() < 2) continue;
    const std::string name(target.substr(1, target.find_first_of(">\"", 1) - 1));
    (target.front() == '<' ? header.foreign : header.own).insert(name);
  }
  for (const auto& [word, at] : words_after(source.code, "std::")) {
    if (!headers_for(word).empty()) header.needs.emplace("std::" + word, source.line_of(at));
  }
  const auto formats = words_after(source.code, "fmt::");
  if (!formats.empty()) header.needs.emplace("fmt::", source.line_of(formats.begin()->second));
}

std::set<std::string> StandardHeaders::reached(const std::string& path) const {
  std::set<std::string> foreign;
  std::set<std::string> seen;
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    const auto found = headers_.find(open.back());
    open.pop_back();
    if (found == headers_.end() || !seen.insert(found->first).second) continue;
    foreign.insert(found->second.foreign.begin(), found->second.foreign.end());
    for (const auto& own : found->second.own) open.push_back("src/" + own);
  }
  return foreign;
}

void StandardHeaders::check(Findings& findings) const {
  for (const auto& [path, header] : headers_) {
    if (!path.starts_with("src/")) continue;
    const auto has = reached(path);
    for (const auto& [name, line] : header.needs) {
      const bool formats = name == "fmt::";
      const auto any = formats ? std::set<std::string>() : headers_for(name.substr(5));
      const bool there = std::ranges::any_of(has, [&](const std::string& each) {
        return formats ? is_fmt(each) : any.contains(each);
      });
      if (there) continue;
      findings.push_back(
          {path, line,
           fmt::format("{} needs <{}>", name,
                       formats ? "fmt/format.h" : fmt::format("{}", fmt::join(any, "> or <")))});
    }
  }
}

void check_precompiled(const Source& precompiled, Findings& findings) {
  std::size_t number = 0;
  for (const std::string_view line : precompiled.lines) {
    ++number;
    const std::string_view text = trim(line);
    if (!text.starts_with("#include <")) continue;
    const std::string_view name = text.substr(10, text.find('>') - 10);
    const bool known =
        is_fmt(std::string(name)) || std::ranges::find(table, name, &Row::header) != table.end();
    if (known) continue;
    findings.push_back({precompiled.path, number,
                        fmt::format("<{}> hides what headers forget: give it a row in "
                                    "tools/tidy/standard_headers.cpp",
                                    name)});
  }
}

}  // namespace mainstay::tidy
