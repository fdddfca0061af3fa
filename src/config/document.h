// A configuration document as text says it: tables, lists and scalars, each with its line and
// column, in the order in which they were written. What they mean is the business of parse.h.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/problem.h"

namespace mainstay {

inline constexpr std::size_t document_size_max = 1024 * 1024;

struct DocumentEntry;
struct DocumentValue;
using DocumentList = std::vector<DocumentValue>;

struct DocumentTable {
  Position position;
  std::vector<DocumentEntry> entries;  // in the order of the document

  const DocumentEntry* find(std::string_view key) const;
};

struct DocumentValue {
  Position position;
  std::variant<bool, std::int64_t, double, std::string, DocumentList, DocumentTable> data;

  const DocumentTable* as_table() const { return std::get_if<DocumentTable>(&data); }
  const DocumentList* as_list() const { return std::get_if<DocumentList>(&data); }
};

struct DocumentEntry {
  std::string key;
  Position position;  // of the key
  DocumentValue value;
};

// "a table", "the text "abc"", "the number 3": for sentences.
std::string describe(const DocumentValue& value);

// The problem of a text that is no TOML; a reader of TOML cannot go on after the first.
std::expected<DocumentTable, Problem> read_document(std::string_view text);

}  // namespace mainstay
