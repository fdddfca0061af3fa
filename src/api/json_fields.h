// Reading JSON leniently: for the .cpp files of the API's JSON only (this header is expensive).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace mainstay::api {

using Json = nlohmann::json;

// Text that is not UTF-8 (a script's output, say) must not end a status: it is replaced.
inline std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline Result<Json> parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return failure(Code::corrupt, "the answer is not JSON");
  return json;
}

// The field, or nullptr if there is none.
inline const Json* field(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

inline void take(const Json& json, const char* key, std::string& into) {
  if (const Json* value = field(json, key); value && value->is_string()) {
    into = value->get<std::string>();
  }
}

inline void take(const Json& json, const char* key, bool& into) {
  if (const Json* value = field(json, key); value && value->is_boolean()) into = value->get<bool>();
}

template <class Number>
  requires std::is_arithmetic_v<Number>
void take(const Json& json, const char* key, Number& into) {
  if (const Json* value = field(json, key); value && value->is_number()) {
    into = value->get<Number>();
  }
}

inline std::string text_field(const Json& json, const char* key) {
  std::string text;
  take(json, key, text);
  return text;
}

// The list, or an empty one.
inline const Json& list_field(const Json& json, const char* key) {
  static const Json none = Json::array();
  const Json* value = field(json, key);
  return value && value->is_array() ? *value : none;
}

inline void take(const Json& json, const char* key, std::vector<std::string>& into) {
  for (const auto& element : list_field(json, key)) {
    if (element.is_string()) into.push_back(element.get<std::string>());
  }
}

// An enumerator by its word; an unknown word leaves what is there.
template <class E>
void take_word(const Json& json, const char* key, E last, E& into) {
  const std::string word = text_field(json, key);
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (to_text(static_cast<E>(value)) == word) into = static_cast<E>(value);
  }
}

}  // namespace mainstay::api
