#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mainstay {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// Largest first: the canonical text uses the first that divides.
constexpr std::array<Unit, 6> units = {{{"h", 3'600'000'000'000},
                                        {"min", 60'000'000'000},
                                        {"s", 1'000'000'000},
                                        {"ms", 1'000'000},
                                        {"us", 1'000},
                                        {"ns", 1}}};

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  // from_chars takes a sign; ours is a count of digits.
  if (!whole || text.empty() || text.front() == '-') return std::nullopt;
  return value;
}

// number × nanoseconds, exact, nothing if it is too long or finer than a nanosecond.
std::optional<Duration> scaled(std::string_view number, std::int64_t nanoseconds) {
  const auto point = number.find('.');
  const auto whole = digits(number.substr(0, point));
  if (!whole || *whole > duration_max.count() / nanoseconds) return std::nullopt;
  std::int64_t total = *whole * nanoseconds;
  if (point != std::string_view::npos) {
    const std::string_view fraction = number.substr(point + 1);
    const auto value = digits(fraction);
    if (!value || fraction.size() > 6) return std::nullopt;
    std::int64_t scale = 1;
    for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
    // At most 999'999 × 3.6e12, which still fits.
    if ((*value * nanoseconds) % scale != 0) return std::nullopt;
    total += *value * nanoseconds / scale;
  }
  if (total > duration_max.count()) return std::nullopt;
  return Duration(total);
}

std::unexpected<Mismatch> mismatch(const DocumentValue& value, FieldKind kind) {
  return std::unexpected(
      Mismatch{fmt::format("this must be {}, but is {}", describe(kind), describe(value)), ""});
}

std::expected<Value, Mismatch> duration_value(const DocumentValue& value) {
  std::optional<Duration> duration;
  if (const auto* text = std::get_if<std::string>(&value.data)) duration = duration_from(*text);
  if (const auto* seconds = std::get_if<std::int64_t>(&value.data)) {
    duration = duration_from(fmt::format("{}s", *seconds));
  }
  if (const auto* seconds = std::get_if<double>(&value.data)) {
    const double limit = std::chrono::duration<double>(duration_max).count();
    if (*seconds >= 0 && *seconds <= limit) duration = Duration(std::llround(*seconds * 1e9));
  }
  if (!duration) return mismatch(value, FieldKind::duration);
  return Value(*duration);
}

std::optional<Mismatch> unusable(const std::string& text) {
  if (text.size() > text_size_max) {
    return Mismatch{fmt::format("this text has {} bytes, more than {}", text.size(), text_size_max),
                    ""};
  }
  const auto is_control = [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
  };
  if (std::ranges::any_of(text, is_control)) {
    return Mismatch{"this text holds a control character", "Write it in one line, without tabs."};
  }
  return std::nullopt;
}

std::expected<Value, Mismatch> text_value(const DocumentValue& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return mismatch(value, FieldKind::text);
  if (const auto why = unusable(*text)) return std::unexpected(*why);
  return Value(*text);
}

std::expected<Value, Mismatch> texts_value(const DocumentValue& value) {
  DocumentList one{value};
  const DocumentList* list = value.as_list();
  if (std::holds_alternative<std::string>(value.data)) list = &one;
  if (list == nullptr) return mismatch(value, FieldKind::texts);
  if (list->size() > texts_max) {
    return std::unexpected(Mismatch{
        fmt::format("this list has {} entries, more than {}", list->size(), texts_max), ""});
  }
  std::vector<std::string> texts;
  for (const DocumentValue& element : *list) {
    const auto text = text_value(element);
    if (!text) return std::unexpected(text.error());
    texts.push_back(std::get<std::string>(*text));
  }
  return Value(std::move(texts));
}

std::expected<Value, Mismatch> number_value(const DocumentValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    return Value(static_cast<double>(*whole));
  }
  const auto* number = std::get_if<double>(&value.data);
  if (number == nullptr || !std::isfinite(*number)) return mismatch(value, FieldKind::number);
  return Value(*number);
}

template <class T>
std::expected<Value, Mismatch> plain_value(const DocumentValue& value, FieldKind kind) {
  const auto* plain = std::get_if<T>(&value.data);
  if (plain == nullptr) return mismatch(value, kind);
  return Value(*plain);
}

}  // namespace

std::string describe(FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean:
      return "true or false";
    case FieldKind::integer:
      return "a whole number";
    case FieldKind::number:
      return "a number";
    case FieldKind::text:
      return "a text in quotes";
    case FieldKind::duration:
      return "a duration such as \"1.5s\", \"250ms\", \"5min\" or a number of seconds";
    case FieldKind::texts:
      return "a list of texts such as [\"a\", \"b\"]";
  }
  return "?";
}

std::expected<Value, Mismatch> convert(const DocumentValue& value, FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean:
      return plain_value<bool>(value, kind);
    case FieldKind::integer:
      return plain_value<std::int64_t>(value, kind);
    case FieldKind::number:
      return number_value(value);
    case FieldKind::text:
      return text_value(value);
    case FieldKind::duration:
      return duration_value(value);
    case FieldKind::texts:
      return texts_value(value);
  }
  return mismatch(value, kind);
}

std::optional<Duration> duration_from(std::string_view text) {
  const auto letters = text.find_first_not_of("0123456789.");
  if (letters == std::string_view::npos) return std::nullopt;
  std::string_view number = text.substr(0, letters);
  std::string_view unit = text.substr(letters);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& known : units) {
    if (unit == known.name) return scaled(number, known.nanoseconds);
  }
  return std::nullopt;
}

std::string duration_text(Duration duration) {
  for (const Unit& unit : units) {
    if (duration.count() != 0 && duration.count() % unit.nanoseconds == 0) {
      return fmt::format("{}{}", duration.count() / unit.nanoseconds, unit.name);
    }
  }
  return "0s";
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + "\"";
}

std::string document_text(const Value& value) {
  struct Print {
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const {
      // TOML tells a float from an integer by its point or exponent.
      std::string text = fmt::format("{}", number);
      if (text.find_first_of(".e") == std::string::npos) text += ".0";
      return text;
    }
    std::string operator()(const std::string& text) const { return quoted(text); }
    std::string operator()(Duration duration) const { return quoted(duration_text(duration)); }
    std::string operator()(const std::vector<std::string>& texts) const {
      std::string list;
      for (const auto& text : texts) list += (list.empty() ? "" : ", ") + quoted(text);
      return "[" + list + "]";
    }
  };
  return std::visit(Print{}, value);
}

}  // namespace mainstay
