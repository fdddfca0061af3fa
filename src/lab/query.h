// The parameters of an EC2 Query API call: plain values, numbered lists, filters. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/sigv4.h"

namespace mainstay::lab {

class Query {
 public:
  explicit Query(const std::vector<std::pair<std::string, std::string>>& form);

  std::string value(const std::string& name) const;  // empty if it is not there
  bool has(const std::string& name) const { return values_.contains(name); }
  bool flag(const std::string& name) const { return value(name) == "true"; }
  std::vector<std::string> names() const;
  // Name.1, Name.2, …
  std::vector<std::string> list(const std::string& name) const;
  // Filter.N.Name with Filter.N.Value.M.
  const std::vector<std::pair<std::string, std::vector<std::string>>>& filters() const {
    return filters_;
  }

 private:
  std::map<std::string, std::string> values_;
  std::vector<std::pair<std::string, std::vector<std::string>>> filters_;
};

// '*' stands for any text, '?' for any one character, '\' takes the meaning of either away.
bool wildcard_match(std::string_view pattern, std::string_view text);

// What a filter may ask of a T: all the values of that name it has.
template <class T>
using FilterFields = std::map<std::string, std::function<std::vector<std::string>(const T&)>>;

template <class T>
std::expected<std::vector<T>, AwsError> filtered(const Query& query, const std::vector<T>& all,
                                                 const FilterFields<T>& fields) {
  std::vector<T> left = all;
  for (const auto& [name, patterns] : query.filters()) {
    const auto field = fields.find(name);
    if (field == fields.end()) {
      return std::unexpected(
          AwsError{400, "InvalidParameterValue", "The filter '" + name + "' is invalid"});
    }
    std::erase_if(left, [&](const T& one) {
      for (const std::string& value : field->second(one)) {
        for (const std::string& pattern : patterns) {
          if (wildcard_match(pattern, value)) return false;
        }
      }
      return true;
    });
  }
  return left;
}

}  // namespace mainstay::lab
