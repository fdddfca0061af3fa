// The conditions of DynamoDB, as far as the lab knows them: attribute_exists(x),
// attribute_not_exists(x), x = :v, joined by AND and OR, with parentheses. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "lab/sigv4.h"

namespace mainstay::lab {

// Attributes and values as canonical texts of their JSON, such as {"S":"a"}.
struct ExpressionNames {
  std::map<std::string, std::string> names;   // "#v" -> "version"
  std::map<std::string, std::string> values;  // ":v" -> {"N":"7"}
};

// An attribute of the item, or nothing.
using FindAttribute = std::function<std::optional<std::string>(const std::string& name)>;

class Expression {
 public:
  // ValidationException: it is none, or of a kind the lab does not know. `what` is
  // "ConditionExpression" or the like.
  static std::expected<Expression, AwsError> parse(std::string_view what, std::string_view text,
                                                   const ExpressionNames& names);

  bool holds(const FindAttribute& find) const;
  // Of "a = :v" and of such joined by AND: what each must be. Nothing if it is anything else.
  std::optional<std::map<std::string, std::string>> equalities() const;
  // The names and values that occur in it.
  const std::set<std::string>& used() const { return used_; }

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
  std::set<std::string> used_;
};

AwsError validation_error(std::string message);

}  // namespace mainstay::lab
