// What the Describe calls share: choosing by ids and filters, and elements that many answers have.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "lab/ec2.h"
#include "lab/xml.h"

namespace mainstay::lab::ec2 {

using Texts = std::vector<std::string>;

inline std::string flag_text(bool value) { return value ? "true" : "false"; }

// Those with the ids asked for, all if none were asked for; an id that is not there is an error.
struct IdRule {
  std::string parameter;     // "VpcId"
  std::string prefix;        // "vpc"
  std::string error_prefix;  // "InvalidVpcID"
  std::string noun;          // "vpc ID"
};

template <class T, class IdOf>
std::expected<std::vector<T>, AwsError> select(const Query& query, const std::vector<T>& all,
                                               const IdRule& rule, const IdOf& id_of) {
  const Texts wanted = query.list(rule.parameter);
  if (wanted.empty()) return all;
  std::vector<T> out;
  for (const std::string& id : wanted) {
    if (!id_well_formed(rule.prefix, id)) {
      return std::unexpected(
          AwsError{400, rule.error_prefix + ".Malformed",
                   fmt::format("Invalid id: \"{}\" (expecting \"{}-...\")", id, rule.prefix)});
    }
    const auto found = std::ranges::find_if(all, [&](const T& one) { return id_of(one) == id; });
    if (found == all.end()) {
      return std::unexpected(AwsError{400, rule.error_prefix + ".NotFound",
                                      fmt::format("The {} '{}' does not exist", rule.noun, id)});
    }
    out.push_back(*found);
  }
  return out;
}

template <class T, class IdOf>
std::expected<std::vector<T>, AwsError> chosen(const Query& query, const std::vector<T>& all,
                                               const IdRule& rule, const IdOf& id_of,
                                               const FilterFields<T>& fields) {
  auto selected = select(query, all, rule, id_of);
  if (!selected) return selected;
  return filtered(query, *selected, fields);
}

inline void name_tag(Xml& xml, const std::string& name) {
  xml.node("tagSet",
           [&] { xml.node("item", [&] { xml.leaf("key", "Name").leaf("value", name); }); });
}

inline Ec2Outcome answer(const Xml& xml) { return {xml.text()}; }

}  // namespace mainstay::lab::ec2
