// Words and habits: what a pure folder may not say, what nobody may leave behind, how files open.
#include <algorithm>
#include <array>
#include <regex>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

struct Banned {
  std::string_view word;
  std::string_view why;
};

constexpr std::string_view time_why = "time comes in as an argument";
constexpr std::string_view chance_why = "chance comes in as an argument";
constexpr std::string_view thread_why = "one thread decides; there is nothing to lock";
constexpr std::string_view order_why = "its order is not reproducible; use map or set";
constexpr std::string_view io_why = "I/O belongs behind a port";

constexpr std::array pure_bans = {
    Banned{"steady_clock", time_why},
    Banned{"high_resolution_clock", time_why},
    Banned{"clock_gettime", time_why},
    Banned{"gettimeofday", time_why},
    Banned{"sleep_for", time_why},
    Banned{"sleep_until", time_why},
    Banned{"random_device", chance_why},
    Banned{"mt19937", chance_why},
    Banned{"mt19937_64", chance_why},
    Banned{"rand", chance_why},
    Banned{"srand", chance_why},
    Banned{"getrandom", chance_why},
    Banned{"thread", thread_why},
    Banned{"jthread", thread_why},
    Banned{"thread_local", thread_why},
    Banned{"mutex", thread_why},
    Banned{"shared_mutex", thread_why},
    Banned{"lock_guard", thread_why},
    Banned{"unique_lock", thread_why},
    Banned{"scoped_lock", thread_why},
    Banned{"condition_variable", thread_why},
    Banned{"atomic", thread_why},
    Banned{"unordered_map", order_why},
    Banned{"unordered_set", order_why},
    Banned{"unordered_multimap", order_why},
    Banned{"unordered_multiset", order_why},
    Banned{"ifstream", io_why},
    Banned{"ofstream", io_why},
    Banned{"fstream", io_why},
    Banned{"fopen", io_why},
    Banned{"getenv", io_why},
    Banned{"cout", io_why},
    Banned{"cerr", io_why},
    Banned{"printf", io_why},
};

// A recipe waits for its own pauses through the clock port; that word is not the library's. Tests
// may read and rewrite their expectations, and a folder's own programs (of the build) write files.
bool excused(const Source& source, const Banned& banned) {
  const std::string folder = folder_of(source.path);
  if (banned.why == io_why) {
    return source.is_test() || source.is_test_support() ||
           source.path.find("/programs/") != std::string::npos;
  }
  return banned.word == "sleep_until" && (folder == "resources" || folder == "monitors");
}

bool is_decision_folder(std::string_view folder) {
  return folder == "cluster" || folder == "mirror";
}

void check_patterns(const Source& source, Findings& findings) {
  // A static that may change: no const in front of the name, and no parameter list.
  static const std::regex mutable_static(
      R"(^\s*(inline\s+)?static\s+(?!constexpr|const\b|consteval|constinit const|inline const))"
      R"([^;(]*[;={])");
  static const std::regex wall_clock(
      R"(system_clock\s*::\s*now|(^|[^\w.>:]|std::)time\s*\(\s*(0|NULL|nullptr|&))");
  for (std::size_t i = 0; i < source.code_lines.size(); ++i) {
    const std::string line(source.code_lines[i]);
    if (line.find("static") != std::string::npos && std::regex_search(line, mutable_static)) {
      findings.push_back({source.path, i + 1, "a static that may change hides state"});
    }
    if (line.find("time") != std::string::npos || line.find("now") != std::string::npos) {
      if (std::regex_search(line, wall_clock)) {
        findings.push_back({source.path, i + 1, fmt::format("clock: {}", time_why)});
      }
    }
  }
}

void check_word(const Source& source, const Banned& banned, Findings& findings) {
  for (std::size_t at = find_word(source.code, banned.word); at != std::string::npos;
       at = find_word(source.code, banned.word, at + 1)) {
    const std::size_t number = source.line_of(at);
    const std::string_view line = trim(source.code_lines[number - 1]);
    findings.push_back({source.path, number, fmt::format("{}: {}", banned.word, banned.why)});
    if (line.starts_with("#include")) continue;
  }
}

bool has_word_char_before(std::string_view text, std::size_t at) {
  return at > 0 && (is_word_char(text[at - 1]) || text[at - 1] == '.');
}

// The offset just past the bracket that closes the one at `open`, or npos.
std::size_t past_match(std::string_view code, std::size_t open, char opening, char closing) {
  int depth = 0;
  for (std::size_t at = open; at < code.size(); ++at) {
    if (code[at] == opening) ++depth;
    if (code[at] == closing && --depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

// What precedes a `[` of "auto& [name, value]".
bool is_structured_binding(std::string_view before) {
  while (before.ends_with('&')) before.remove_suffix(1);
  return before.ends_with("auto");
}

// Whether the `[` at `at` begins a lambda that captures something.
bool captures(std::string_view code, std::size_t at, std::size_t past_captures) {
  const std::string_view before = trim(code.substr(0, at));
  if (!before.empty()) {
    const char last = before.back();
    if (last == ')' || last == ']' || last == '[') return false;
    if (is_structured_binding(before)) return false;
    const std::size_t word =
        before.find_last_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    const std::string_view name = before.substr(word == std::string_view::npos ? 0 : word + 1);
    if (!name.empty() && name != "return" && name != "co_return" && name != "co_await")
      return false;
  }
  return !trim(code.substr(at + 1, past_captures - at - 2)).empty();
}

// A source that opens with its own header is explained there; a test beside what it tests is
// explained by that.
bool is_explained(std::string_view path, std::string_view first_line, const Exists& exists) {
  constexpr std::string_view suffix = "_test.cpp";
  if (path.ends_with(suffix)) {
    const std::string stem(path.substr(0, path.size() - suffix.size()));
    return exists(stem + ".h") || exists(stem + ".cpp");
  }
  const std::string_view stem = path.substr(0, path.rfind('.'));
  const std::string header = fmt::format("/{}.h\"", stem.substr(stem.rfind('/') + 1));
  return first_line.starts_with("#include \"") && first_line.ends_with(header);
}

bool is_coroutine(std::string_view body) {
  return find_word(body, "co_await") != std::string_view::npos ||
         find_word(body, "co_return") != std::string_view::npos ||
         find_word(body, "co_yield") != std::string_view::npos;
}

}  // namespace

void check_purity(const Source& source, const LayerTable& table, Findings& findings) {
  const std::string folder = folder_of(source.path);
  const auto layer = table.layers.find(folder);
  if (layer == table.layers.end() || !layer->second.pure) return;
  for (const Banned& banned : pure_bans) {
    if (!excused(source, banned)) check_word(source, banned, findings);
  }
  if (is_decision_folder(folder)) {
    check_word(source, {"co_await", "a decision never waits"}, findings);
    check_word(source, {"co_return", "a decision never waits"}, findings);
  }
  check_patterns(source, findings);
}

void check_test_clocks(const Source& source, const LayerTable& table, Findings& findings) {
  const auto layer = table.layers.find(folder_of(source.path));
  // Adapters and the lab are about the real world; a pure folder is checked already.
  const bool exempt = layer == table.layers.end() || layer->second.pure ||
                      layer->second.libraries.contains("system");
  if (!source.is_test() || exempt) return;
  for (const std::string_view word :
       {"sleep_for", "steady_clock", "high_resolution_clock", "usleep"}) {
    check_word(source, {word, "a unit test neither sleeps nor asks the real clock"}, findings);
  }
}

void check_words(const Source& source, const std::string& root, Findings& findings) {
  // Put together here, so that this file does not find itself.
  static const std::array<std::string, 3> marks = {
      std::string("TO") + "DO", std::string("FIX") + "ME", std::string("XX") + "X"};
  const std::array<std::string, 3> machine_paths = {std::string("/ho") + "me/",
                                                    std::string("/Us") + "ers/", root + "/"};
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string_view line = source.lines[i];
    for (const std::string& mark : marks) {
      if (find_word(line, mark) == std::string_view::npos) continue;
      findings.push_back({source.path, i + 1, fmt::format("{}: finish it or open an issue", mark)});
    }
    for (const std::string& path : machine_paths) {
      const std::size_t at = line.find(path);
      if (at == std::string_view::npos || has_word_char_before(line, at)) continue;
      findings.push_back({source.path, i + 1, fmt::format("{} is a path of one machine", path)});
    }
  }
}

void check_commented_out_code(const Source& source, Findings& findings) {
  // Prose may end in a semicolon, but not in a call, an assignment or a keyword's statement.
  static const std::regex dead(
      R"(^\s*//\s*(([\w:<>*&]+\s+)?[\w:.>-]*\w\([^ ].*\);|([\w:<>*&]+\s+)?[\w.>-]+\s=\s[^;]+;)"
      R"(|(return|break|continue|co_return)\b[^,;]*;|(if|for|while|switch) \(.*\)\s*\{?)"
      R"(|#include\b.*|\}\s*)$)");
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string_view line = source.lines[i];
    if (!trim(line).starts_with("//")) continue;
    if (!std::regex_match(line.begin(), line.end(), dead)) continue;
    findings.push_back({source.path, i + 1, "looks like code that was commented out: remove it"});
  }
}

void check_opening(const Source& source, const Exists& exists, Findings& findings) {
  const std::string_view first = source.lines.empty() ? std::string_view() : source.lines[0];
  const bool says_what_for = first.starts_with("// ") && trim(first).size() > 10;
  if (!says_what_for && !is_explained(source.path, first, exists)) {
    findings.push_back({source.path, 1, "the first line must be a comment: what the file is for"});
  }
  const auto is_pragma = [](std::string_view line) { return line == "#pragma once"; };
  if (source.is_header() && std::ranges::none_of(source.lines, is_pragma)) {
    findings.push_back({source.path, 1, "a header needs #pragma once"});
  }
}

void check_test_name(const Source& source, Findings& findings) {
  const bool has_cases = find_word(source.code, "TEST_CASE") != std::string::npos ||
                         find_word(source.code, "TEST_CASE_FIXTURE") != std::string::npos ||
                         find_word(source.code, "TEST_CASE_TEMPLATE") != std::string::npos;
  if (has_cases && !source.is_test()) {
    findings.push_back({source.path, 0, "has test cases, so its name must end in _test.cpp"});
  }
  const bool fixture = source.path.find("fixture") != std::string::npos;
  if (!has_cases && source.is_test() && !fixture) {
    findings.push_back({source.path, 0, "is named a test but has no TEST_CASE"});
  }
}

void check_coroutine_lambdas(const Source& source, Findings& findings) {
  const std::string_view code = source.code;
  for (std::size_t at = code.find('['); at != std::string_view::npos; at = code.find('[', at + 1)) {
    const std::size_t past_captures = past_match(code, at, '[', ']');
    if (past_captures == std::string_view::npos || !captures(code, at, past_captures)) continue;
    const std::size_t brace = code.find_first_of("{;", past_captures);
    if (brace == std::string_view::npos || code[brace] == ';') continue;
    const std::size_t end = past_match(code, brace, '{', '}');
    if (end == std::string_view::npos || !is_coroutine(code.substr(brace, end - brace))) continue;
    findings.push_back({source.path, source.line_of(at),
                        "a coroutine lambda with captures: they die with the lambda, while the "
                        "coroutine lives on; use a function with parameters"});
  }
}

}  // namespace mainstay::tidy
