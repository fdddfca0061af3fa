#include "config/document.h"

// toml++ 3.3 asserts, and with NDEBUG even assumes, that a table header begins like a key: "[?"
// ended the program. Without the assertion it goes on to report the mistake as an error, as it
// should.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "config/plain_text.h"

namespace mainstay {
namespace {

Position position_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

// Collects what TOML can say and we cannot: dates and times.
struct Converter {
  std::vector<Problem> problems;

  DocumentValue value(const toml::node& node);
  DocumentTable table(const toml::table& source);
  DocumentList list(const toml::array& source);
};

DocumentTable Converter::table(const toml::table& source) {
  DocumentTable result{position_of(source.source()), {}};
  for (const auto& [key, node] : source) {
    result.entries.push_back({std::string(key.str()), position_of(key.source()), value(node)});
  }
  // The library sorts by key; people read from top to bottom.
  std::ranges::sort(result.entries, {},
                    [](const DocumentEntry& entry) { return std::tie(entry.position, entry.key); });
  return result;
}

DocumentList Converter::list(const toml::array& source) {
  DocumentList result;
  for (const auto& node : source) result.push_back(value(node));
  return result;
}

DocumentValue Converter::value(const toml::node& node) {
  const Position position = position_of(node.source());
  if (const auto* child = node.as_table()) return {position, table(*child)};
  if (const auto* child = node.as_array()) return {position, list(*child)};
  if (const auto* text = node.as_string()) return {position, text->get()};
  if (const auto* number = node.as_integer()) return {position, number->get()};
  if (const auto* number = node.as_floating_point()) return {position, number->get()};
  if (const auto* truth = node.as_boolean()) return {position, truth->get()};
  problems.push_back({position, "", "dates and times have no use here", "Put it in quotes."});
  return {position, std::string()};
}

Problem whole_document(std::string fact, std::string remedy) {
  return {{}, "", std::move(fact), std::move(remedy)};
}

}  // namespace

const DocumentEntry* DocumentTable::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &DocumentEntry::key);
  return found == entries.end() ? nullptr : &*found;
}

std::string describe(const DocumentValue& value) {
  struct Describe {
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(std::int64_t number) const {
      return fmt::format("the number {}", number);
    }
    std::string operator()(double number) const { return fmt::format("the number {}", number); }
    std::string operator()(const std::string& text) const {
      return fmt::format("the text \"{}\"", text.substr(0, 60));
    }
    std::string operator()(const DocumentList&) const { return "a list"; }
    std::string operator()(const DocumentTable&) const { return "a table"; }
  };
  return std::visit(Describe{}, value.data);
}

std::expected<DocumentTable, Problem> read_document(std::string_view text) {
  if (text.size() > document_size_max) {
    return std::unexpected(whole_document(
        fmt::format("the document has {} bytes, more than {}", text.size(), document_size_max),
        "Check that this is the right file."));
  }
  if (const auto stray = stray_character(text)) return std::unexpected(*stray);
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return std::unexpected(Problem{position_of(parsed.error().source()), "",
                                   "this is not TOML: " + std::string(parsed.error().description()),
                                   "Correct this line; what follows it has not been read."});
  }
  Converter converter;
  DocumentTable table = converter.table(parsed.table());
  if (!converter.problems.empty()) return std::unexpected(converter.problems.front());
  return table;
}

}  // namespace mainstay
