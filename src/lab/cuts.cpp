// Zones and "everything else" are spelled out into pairs of ports.
#include "lab/cuts.h"

#include <fmt/format.h>

#include <set>

namespace mainstay::lab {
namespace {

bool is_zone(const Model& model, const std::string& place) {
  return std::ranges::find(model.zones, place) != model.zones.end();
}

std::set<std::string> members(const Model& model, const std::string& place) {
  std::set<std::string> names;
  for (const Instance& instance : model.instances) {
    if (instance.name == place || instance.zone == place) names.insert(instance.name);
  }
  if (place == "internet") names.insert("internet");
  return names;
}

std::set<std::string> everything_but(const Model& model, const std::set<std::string>& inside) {
  std::set<std::string> names = {"internet"};
  for (const Instance& instance : model.instances) {
    if (!inside.contains(instance.name)) names.insert(instance.name);
  }
  return names;
}

void sort_unique(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
}

}  // namespace

Status check_cut(const Model& model, const Cut& cut) {
  const auto known = [&](const std::string& place) {
    return find_instance_named(model, place) != nullptr || is_zone(model, place);
  };
  if (!known(cut.from)) {
    return failure(Code::not_found,
                   fmt::format("cut: '{}' is neither an instance of the VPC nor a zone", cut.from));
  }
  if (!cut.to.empty() && cut.to != "aws" && cut.to != "internet" && !known(cut.to)) {
    return failure(Code::not_found,
                   fmt::format("cut: '{}' is no instance of the VPC, no zone, not 'aws' and not "
                               "'internet'",
                               cut.to));
  }
  return {};
}

CutPlan plan_cuts(const Model& model, const std::vector<Cut>& cuts) {
  CutPlan plan;
  std::set<PortPair> pairs;
  for (const Cut& cut : cuts) {
    const auto inside = members(model, cut.from);
    const bool out = cut.direction != Direction::in;
    const bool in = cut.direction != Direction::out;
    if (cut.to == "aws") {
      if (out) plan.to_aws.insert(plan.to_aws.end(), inside.begin(), inside.end());
      if (in) plan.from_aws.insert(plan.from_aws.end(), inside.begin(), inside.end());
      continue;
    }
    const auto others = cut.to.empty() ? everything_but(model, inside) : members(model, cut.to);
    for (const std::string& a : inside) {
      for (const std::string& b : others) {
        if (a == b) continue;
        if (out) pairs.insert({a, b});
        if (in) pairs.insert({b, a});
      }
    }
  }
  plan.pairs.assign(pairs.begin(), pairs.end());
  sort_unique(plan.to_aws);
  sort_unique(plan.from_aws);
  return plan;
}

}  // namespace mainstay::lab
