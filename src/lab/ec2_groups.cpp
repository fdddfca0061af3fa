// Rules of security groups, added and taken away.
#include <fmt/format.h>

#include <charconv>

#include "lab/ec2_lookup.h"

namespace mainstay::lab::ec2 {
namespace {

constexpr int permissions_max = 50;

Or<int> port_of(const Query& query, const std::string& name, int otherwise) {
  const std::string text = query.value(name);
  if (text.empty() || text == "-1") return otherwise;
  int port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port < 0 || port > 65'535) {
    return no("InvalidParameterValue", fmt::format("Invalid value '{}' for port number.", text));
  }
  return port;
}

// One rule for each source the permission names.
Or<std::vector<GroupRule>> rules_of_permission(const Query& query, const std::string& prefix) {
  GroupRule rule{.protocol = query.value(prefix + "IpProtocol")};
  if (rule.protocol != "tcp" && rule.protocol != "udp" && rule.protocol != "icmp" &&
      rule.protocol != "-1") {
    return no("InvalidParameterValue",
              fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", rule.protocol));
  }
  const auto from = port_of(query, prefix + "FromPort", 0);
  const auto to = port_of(query, prefix + "ToPort", 65'535);
  if (!from) return std::unexpected(from.error());
  if (!to) return std::unexpected(to.error());
  rule.from_port = *from;
  rule.to_port = *to;
  std::vector<GroupRule> rules;
  for (int i = 1; query.has(fmt::format("{}IpRanges.{}.CidrIp", prefix, i)); ++i) {
    const std::string text = query.value(fmt::format("{}IpRanges.{}.CidrIp", prefix, i));
    const auto source = parse_cidr(text);
    if (!source) {
      return no("InvalidParameterValue", fmt::format("CIDR block {} is malformed", text));
    }
    rules.push_back(rule);
    rules.back().source = *source;
  }
  for (int i = 1; query.has(fmt::format("{}Groups.{}.GroupId", prefix, i)); ++i) {
    rules.push_back(rule);
    rules.back().group_id = query.value(fmt::format("{}Groups.{}.GroupId", prefix, i));
  }
  return rules;
}

Or<std::vector<GroupRule>> rules_of(const Query& query) {
  std::vector<GroupRule> all;
  for (int i = 1; i <= permissions_max; ++i) {
    const std::string prefix = fmt::format("IpPermissions.{}.", i);
    if (!query.has(prefix + "IpProtocol")) break;
    const auto rules = rules_of_permission(query, prefix);
    if (!rules) return rules;
    all.insert(all.end(), rules->begin(), rules->end());
  }
  if (all.empty()) {
    return no("MissingParameter", "The request must contain the parameter ipPermissions");
  }
  return all;
}

Or<SecurityGroup*> group_of(const Query& query, Model& model) {
  const std::string id = query.value("GroupId");
  SecurityGroup* group = find_id(model.groups, id);
  if (group == nullptr) {
    return no("InvalidGroup.NotFound", fmt::format("The security group '{}' does not exist", id));
  }
  if (group->id == model.group_id) {
    return no("InvalidParameterValue",
              "The lab's default security group lets everything in and stays as it is.");
  }
  return group;
}

}  // namespace

Ec2Outcome authorize_security_group_ingress(const Ec2Input& input) {
  Model next = input.model;
  const auto group = group_of(input.query, next);
  if (!group) return {std::unexpected(group.error())};
  const auto rules = rules_of(input.query);
  if (!rules) return {std::unexpected(rules.error())};
  for (const GroupRule& rule : *rules) {
    if (!rule.group_id.empty() && find_id(next.groups, rule.group_id) == nullptr) {
      return refuse(400, "InvalidGroup.NotFound",
                    fmt::format("The security group '{}' does not exist", rule.group_id));
    }
    if (std::ranges::find((*group)->ingress, rule) != (*group)->ingress.end()) {
      return refuse(400, "InvalidPermission.Duplicate", "the specified rule already exists");
    }
    (*group)->ingress.push_back(rule);
  }
  return done(std::move(next));
}

Ec2Outcome revoke_security_group_ingress(const Ec2Input& input) {
  Model next = input.model;
  const auto group = group_of(input.query, next);
  if (!group) return {std::unexpected(group.error())};
  const auto rules = rules_of(input.query);
  if (!rules) return {std::unexpected(rules.error())};
  for (const GroupRule& rule : *rules) {
    if (std::erase((*group)->ingress, rule) > 0) continue;
    return refuse(400, "InvalidPermission.NotFound",
                  "The specified rule does not exist in this security group.");
  }
  return done(std::move(next));
}

}  // namespace mainstay::lab::ec2
