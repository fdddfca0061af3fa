// A reader by recursive descent: OR binds weakest, then AND, then a single condition.
#include "lab/dynamodb_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mainstay::lab {

struct Expression::Node {
  enum class Kind { exists, missing, equal, both, either } kind = Kind::exists;
  std::string attribute = {};
  std::string value = {};
  std::vector<Node> parts = {};
};

namespace {

using Node = Expression::Node;

constexpr std::size_t expression_size_max = 4096;
constexpr int depth_max = 32;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '#' || c == ':' || c == '-' || c == '.';
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, is_word);
    std::size_t size = static_cast<std::size_t>(end - text.begin());
    if (size == 0) size = 1;
    if (text[0] != ' ' && text[0] != '\n' && text[0] != '\t') {
      words.emplace_back(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return words;
}

class Parser {
 public:
  Parser(std::vector<std::string> words, const ExpressionNames& names)
      : words_(std::move(words)), names_(names) {}

  std::optional<Node> all() {
    auto node = either(0);
    if (at_ != words_.size()) return std::nullopt;
    return node;
  }
  const std::set<std::string>& used() const { return used_; }
  std::string near() const { return at_ < words_.size() ? words_[at_] : "the end"; }

 private:
  std::string next() { return at_ < words_.size() ? words_[at_++] : ""; }
  bool take(std::string_view word) {
    std::string here = at_ < words_.size() ? words_[at_] : "";
    std::ranges::transform(here, here.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    if (here != word) return false;
    ++at_;
    return true;
  }

  using Part = std::optional<Node> (Parser::*)(int);
  std::optional<Node> joined(Part part, std::string_view word, Node::Kind kind, int depth) {
    auto first = (this->*part)(depth);
    if (!first) return std::nullopt;
    Node all{.kind = kind, .parts = {std::move(*first)}};
    while (take(word)) {
      auto more = (this->*part)(depth);
      if (!more) return std::nullopt;
      all.parts.push_back(std::move(*more));
    }
    if (all.parts.size() > 1) return all;
    Node only = std::move(all.parts.front());
    return only;
  }
  std::optional<Node> either(int depth) {
    return joined(&Parser::both, "OR", Node::Kind::either, depth);
  }
  std::optional<Node> both(int depth) {
    return joined(&Parser::one, "AND", Node::Kind::both, depth);
  }

  std::optional<Node> one(int depth) {
    if (depth > depth_max) return std::nullopt;
    if (take("(")) {
      auto inner = either(depth + 1);
      if (!inner || !take(")")) return std::nullopt;
      return inner;
    }
    if (take("ATTRIBUTE_EXISTS")) return presence(Node::Kind::exists);
    if (take("ATTRIBUTE_NOT_EXISTS")) return presence(Node::Kind::missing);
    const auto name = attribute();
    if (!name || !take("=")) return std::nullopt;
    const auto value = names_.values.find(next());
    if (value == names_.values.end()) return std::nullopt;
    used_.insert(value->first);
    return Node{.kind = Node::Kind::equal, .attribute = *name, .value = value->second};
  }
  std::optional<Node> presence(Node::Kind kind) {
    if (!take("(")) return std::nullopt;
    const auto name = attribute();
    if (!name || !take(")")) return std::nullopt;
    return Node{.kind = kind, .attribute = *name};
  }
  // No paths into documents: a name is a whole attribute's.
  std::optional<std::string> attribute() {
    const std::string word = next();
    if (word.starts_with('#')) {
      const auto found = names_.names.find(word);
      if (found == names_.names.end()) return std::nullopt;
      used_.insert(word);
      return found->second;
    }
    if (word.empty() || word.find_first_of(".:-=()<>,") != std::string::npos) return std::nullopt;
    return word;
  }

  std::vector<std::string> words_;
  const ExpressionNames& names_;
  std::size_t at_ = 0;
  std::set<std::string> used_;
};

bool node_holds(const Node& node, const FindAttribute& find) {
  const auto holds = [&](const Node& part) { return node_holds(part, find); };
  switch (node.kind) {
    case Node::Kind::exists:
      return find(node.attribute).has_value();
    case Node::Kind::missing:
      return !find(node.attribute).has_value();
    case Node::Kind::equal:
      return find(node.attribute) == node.value;
    case Node::Kind::both:
      return std::ranges::all_of(node.parts, holds);
    case Node::Kind::either:
      return std::ranges::any_of(node.parts, holds);
  }
  return false;
}

}  // namespace

AwsError validation_error(std::string message) {
  return {400, "ValidationException", std::move(message)};
}

std::expected<Expression, AwsError> Expression::parse(std::string_view what, std::string_view text,
                                                      const ExpressionNames& names) {
  if (text.size() > expression_size_max) {
    return std::unexpected(validation_error(fmt::format("Invalid {}: it is too long", what)));
  }
  Parser parser(words_of(text), names);
  auto root = parser.all();
  if (!root) {
    return std::unexpected(validation_error(
        fmt::format("Invalid {}: not understood near {} (the lab knows attribute_exists, "
                    "attribute_not_exists, =, AND, OR)",
                    what, parser.near())));
  }
  Expression expression;
  expression.root_ = std::make_shared<const Node>(std::move(*root));
  expression.used_ = parser.used();
  return expression;
}

bool Expression::holds(const FindAttribute& find) const { return node_holds(*root_, find); }

std::optional<std::map<std::string, std::string>> Expression::equalities() const {
  std::map<std::string, std::string> all;
  const auto& parts = root_->kind == Node::Kind::both ? root_->parts : std::vector{*root_};
  for (const Node& part : parts) {
    if (part.kind != Node::Kind::equal || !all.emplace(part.attribute, part.value).second) {
      return std::nullopt;
    }
  }
  return all;
}

}  // namespace mainstay::lab
