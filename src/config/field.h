// One thing an administrator may say about something, declared beside the member it sets:
//
//   field(&Config::ip, "ip").label("IP address").help("...").required().format(TextFormat::ip)
//
// Parser, canonical printer, help and reference pages all read the same declaration. The default is
// what the member holds in a default-constructed Config: it is written once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "config/value.h"

namespace mainstay {

// What a text must look like.
enum class TextFormat {
  any,
  name,            // 1 to 31 of letters, digits, "-", "_", "."
  ip,              // IPv4 or IPv6
  host,            // an IP address or a DNS name
  path,            // an absolute path
  vpc_id,          // vpc-...
  eni_id,          // eni-...
  allocation_id,   // eipalloc-...
  hosted_zone_id,  // Z...
  dns_name,        // a name with its domain and a dot at its end
  instance_id,     // i-...
  role_arn,        // arn:aws:iam::123456789012:role/...
  interface_name,  // a kernel's name of a network interface
  url,             // http:// or https://, host, port and path
  dynamodb_table   // 3 to 255 of letters, digits, "-", "_", "."
};

struct Field {
  std::string key;
  FieldKind kind = FieldKind::text;
  Value default_value;
  std::string label;
  std::string help;
  bool is_required = false;
  // Usually differs from node to node (any field may).
  bool is_per_node = false;
  // No two objects of the type may have the same value, except one object on several nodes.
  bool is_unique = false;
  std::optional<Value> low;
  std::optional<Value> high;
  std::vector<std::string> choices;
  TextFormat format = TextFormat::any;
  // Sets or reads the member of the Config that `object` points to.
  std::function<void(void* object, const Value& value)> write;
  std::function<Value(const void* object)> read;
};

// What is wrong with a value of the right kind, if anything.
std::optional<Mismatch> misfit(const Field& field, const Value& value);
// "1 to 65535", "one of ...": the limits of a field in words, "" if there are none.
std::string limits_text(const Field& field);

namespace field_detail {

template <class T>
struct Convert {
  static Value to(const T& member) { return member; }
  static T from(const Value& value) { return std::get<T>(value); }
};
template <>
struct Convert<int> {
  static Value to(int member) { return static_cast<std::int64_t>(member); }
  static int from(const Value& value) { return static_cast<int>(std::get<std::int64_t>(value)); }
};
template <class Tag>
struct Convert<Name<Tag>> {
  static Value to(const Name<Tag>& member) { return member.value; }
  static Name<Tag> from(const Value& value) { return Name<Tag>(std::get<std::string>(value)); }
};
template <class Tag>
struct Convert<std::vector<Name<Tag>>> {
  static Value to(const std::vector<Name<Tag>>& member) {
    std::vector<std::string> texts;
    for (const auto& name : member) texts.push_back(name.value);
    return texts;
  }
  static std::vector<Name<Tag>> from(const Value& value) {
    std::vector<Name<Tag>> names;
    for (const auto& text : std::get<std::vector<std::string>>(value)) names.emplace_back(text);
    return names;
  }
};

}  // namespace field_detail

class FieldMaker {
 public:
  explicit FieldMaker(Field field) : field_(std::move(field)) {}

  FieldMaker label(std::string text) && { return std::move(*this).with(&Field::label, text); }
  FieldMaker help(std::string text) && { return std::move(*this).with(&Field::help, text); }
  FieldMaker required() && { return std::move(*this).with(&Field::is_required, true); }
  FieldMaker per_node() && { return std::move(*this).with(&Field::is_per_node, true); }
  FieldMaker unique() && { return std::move(*this).with(&Field::is_unique, true); }
  FieldMaker format(TextFormat format) && { return std::move(*this).with(&Field::format, format); }
  FieldMaker choices(std::vector<std::string> texts) && {
    return std::move(*this).with(&Field::choices, std::move(texts));
  }
  // Both included.
  template <class Low, class High>
  FieldMaker range(Low low, High high) && {
    field_.low = bound(low);
    field_.high = bound(high);
    return std::move(*this);
  }
  operator Field() && { return std::move(field_); }

 private:
  template <class M, class V>
  FieldMaker with(M Field::* member, V value) && {
    field_.*member = std::move(value);
    return std::move(*this);
  }
  template <class T>
  Value bound(T limit) const {
    if constexpr (std::is_convertible_v<T, Duration>) {
      return Duration(limit);
    } else if (field_.kind == FieldKind::number) {
      return static_cast<double>(limit);
    } else {
      return static_cast<std::int64_t>(limit);
    }
  }

  Field field_;
};

template <class Config, class T>
FieldMaker field(T Config::* member, std::string key) {
  using Convert = field_detail::Convert<T>;
  Field made;
  made.key = std::move(key);
  made.default_value = Convert::to(Config{}.*member);
  made.kind = kind_of(made.default_value);
  made.write = [member](void* object, const Value& value) {
    static_cast<Config*>(object)->*member = Convert::from(value);
  };
  made.read = [member](const void* object) {
    return Convert::to(static_cast<const Config*>(object)->*member);
  };
  return FieldMaker(std::move(made));
}

template <class E>
using ChoiceNames = std::vector<std::pair<std::string, E>>;

// An enumerator, written as one of a few words.
template <class Config, class E>
FieldMaker choice(E Config::* member, std::string key, ChoiceNames<E> names) {
  const auto text_of = [names](E value) -> Value {
    for (const auto& [text, known] : names) {
      if (known == value) return text;
    }
    MAINSTAY_CHECK(false && "every enumerator has its word");
    return {};
  };
  Field made;
  made.key = std::move(key);
  made.kind = FieldKind::text;
  made.default_value = text_of(Config{}.*member);
  for (const auto& [text, known] : names) made.choices.push_back(text);
  made.write = [member, names](void* object, const Value& value) {
    for (const auto& [text, known] : names) {
      if (text == std::get<std::string>(value)) static_cast<Config*>(object)->*member = known;
    }
  };
  made.read = [member, text_of](const void* object) {
    return text_of(static_cast<const Config*>(object)->*member);
  };
  return FieldMaker(std::move(made));
}

}  // namespace mainstay
