// From what a document says to a Value of the kind a field wants, and back to canonical text.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/model.h"

namespace mainstay {

// In the order of the alternatives of Value.
enum class FieldKind { boolean, integer, number, text, duration, texts };

inline FieldKind kind_of(const Value& value) { return static_cast<FieldKind>(value.index()); }
// "true or false", "a text in quotes", ...
std::string describe(FieldKind kind);

inline constexpr std::size_t text_size_max = 4096;
inline constexpr std::size_t texts_max = 64;
inline constexpr Duration duration_max = 24h * 366;

struct Mismatch {
  std::string fact;
  std::string remedy;
};

// A plain number is a duration in seconds; a single text is a list of one.
std::expected<Value, Mismatch> convert(const DocumentValue& value, FieldKind kind);

// "1.5s", "250ms", "5min", "2h", exactly; nothing else.
std::optional<Duration> duration_from(std::string_view text);
// The same, canonical: "1500ms" for 1.5 s.
std::string duration_text(Duration duration);

// As it stands in a canonical document.
std::string document_text(const Value& value);
std::string quoted(std::string_view text);

}  // namespace mainstay
