#include "config/iam_policy.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

namespace mainstay {
namespace {

// What the configuration says the action is done to, by kind of id.
struct Targets {
  std::set<std::string> interfaces;   // eni-...
  std::set<std::string> vpcs;         // vpc-...
  std::set<std::string> allocations;  // eipalloc-...
  std::set<std::string> zones;        // of Route 53
  std::set<std::string> instances;    // i-...
  // Left out for some node, and asked from the metadata service: any may be meant.
  bool any_interface = false;
  bool any_vpc = false;
};

bool is_hosted_zone(std::string_view text) {
  return text.size() > 8 && text.starts_with('Z') && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

void note_id(const std::string& text, Targets& targets) {
  if (text.starts_with("eni-")) targets.interfaces.insert(text);
  if (text.starts_with("vpc-")) targets.vpcs.insert(text);
  if (text.starts_with("eipalloc-")) targets.allocations.insert(text);
  if (text.starts_with("i-")) targets.instances.insert(text);
  if (is_hosted_zone(text)) targets.zones.insert(text);
}

Targets targets_of(const std::map<NodeName, Params>& params, const std::vector<Field>& fields) {
  Targets targets;
  for (const auto& [node, values] : params) {
    for (const Field& field : fields) {
      const auto found = values.find(field.key);
      const auto* text = found == values.end() ? nullptr : std::get_if<std::string>(&found->second);
      if (text == nullptr) continue;
      note_id(*text, targets);
      targets.any_interface |= text->empty() && field.format == TextFormat::eni_id;
      targets.any_vpc |= text->empty() && field.format == TextFormat::vpc_id;
    }
  }
  return targets;
}

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  if (region.starts_with("us-iso-")) return "aws-iso";
  if (region.starts_with("us-isob-")) return "aws-iso-b";
  if (region.starts_with("eusc-")) return "aws-eusc";
  return "aws";
}

class Writer {
 public:
  explicit Writer(const PolicyPlace& place)
      : place_(place), partition_(partition_of(place.region)) {}

  void allow(const std::string& action, const Targets& targets) {
    PolicyScope scope = scope_of(action, targets);
    const auto [found, is_new] = scopes_.try_emplace(action, scope);
    if (is_new) return;
    // One of them may be done to any VPC's: so may the action.
    const bool conditional = !found->second.vpcs.empty() && !scope.vpcs.empty();
    found->second.resources.merge(scope.resources);
    found->second.vpcs.merge(scope.vpcs);
    if (!conditional) found->second.vpcs.clear();
  }
  void allow_table(const std::string& action, const DynamoDbConfig& table,
                   const std::string& cluster) {
    const std::string& region = table.region.empty() ? place_.region : table.region;
    scopes_[action] = {.resources = {fmt::format("arn:{}:dynamodb:{}:{}:table/{}", partition_,
                                                 region, place_.account, table.table)},
                       .vpcs = {},
                       .keys_of = cluster};
  }
  void allow_role(const std::string& role) { scopes_["sts:AssumeRole"].resources.insert(role); }
  // Actions of one scope stand in one statement, as IAM's readers like them.
  std::vector<PolicyStatement> statements() const {
    std::map<PolicyScope, std::vector<std::string>> by_scope;
    for (const auto& [action, scope] : scopes_) by_scope[scope].push_back(action);
    std::vector<PolicyStatement> statements;
    for (auto& [scope, actions] : by_scope) statements.push_back({actions, scope});
    std::ranges::sort(statements, {}, &PolicyStatement::actions);
    return statements;
  }

 private:
  std::string ec2(std::string_view kind, std::string_view id) const {
    return fmt::format("arn:{}:ec2:{}:{}:{}/{}", partition_, place_.region, place_.account, kind,
                       id);
  }
  std::set<std::string> arns(std::string_view kind, const std::set<std::string>& ids) const {
    if (ids.empty()) return {ec2(kind, "*")};
    std::set<std::string> out;
    for (const auto& id : ids) out.insert(ec2(kind, id));
    return out;
  }
  std::set<std::string> interfaces(const Targets& targets) const {
    return targets.any_interface ? arns("network-interface", {})
                                 : arns("network-interface", targets.interfaces);
  }
  // Routes have no ids of their own, but a condition may name the VPC of their tables.
  PolicyScope of_routes(const Targets& targets) const {
    PolicyScope scope{.resources = arns("route-table", {}), .vpcs = {}, .keys_of = {}};
    if (targets.any_vpc) return scope;
    for (const auto& vpc : targets.vpcs) scope.vpcs.insert(ec2("vpc", vpc));
    return scope;
  }
  std::set<std::string> of_zones(const Targets& targets) const {
    std::set<std::string> out;
    for (const auto& zone : targets.zones) {
      out.insert(fmt::format("arn:{}:route53:::hostedzone/{}", partition_, zone));
    }
    if (out.empty()) out.insert(fmt::format("arn:{}:route53:::hostedzone/*", partition_));
    return out;
  }
  PolicyScope scope_of(const std::string& action, const Targets& targets) const {
    const auto only = [](std::set<std::string> resources) {
      return PolicyScope{.resources = std::move(resources), .vpcs = {}, .keys_of = {}};
    };
    const auto ends_with = [&](std::string_view end) { return action.ends_with(end); };
    if (action == "ec2:ReplaceRoute" || action == "ec2:CreateRoute") return of_routes(targets);
    if (ends_with("ateAddress")) {  // AssociateAddress and DisassociateAddress
      auto resources = interfaces(targets);
      resources.merge(arns("elastic-ip", targets.allocations));
      return only(std::move(resources));
    }
    if (ends_with("PrivateIpAddresses") || ends_with("Ipv6Addresses") ||
        action == "ec2:ModifyNetworkInterfaceAttribute") {
      return only(interfaces(targets));
    }
    if ((ends_with("Instances") || ends_with(":ModifyInstanceAttribute")) &&
        !action.starts_with("ec2:Describe")) {
      return only(arns("instance", targets.instances));
    }
    if (action == "route53:GetChange") {
      return only({fmt::format("arn:{}:route53:::change/*", partition_)});
    }
    if (ends_with("ResourceRecordSets") || action == "route53:GetHostedZone") {
      return only(of_zones(targets));
    }
    return only({"*"});  // descriptions, and whatever IAM cannot narrow
  }

  const PolicyPlace& place_;
  std::string partition_;
  std::map<std::string, PolicyScope> scopes_;
};

// Some nodes may take on a role for it, and need no rights of their own for what that may do.
struct Shares {
  std::map<NodeName, Params> own;
  std::set<std::string> roles;
};

Shares shares_of(const ClusterConfig& config, const std::map<NodeName, Params>& params) {
  Shares shares;
  for (const auto& [node, values] : params) {
    const std::string role = role_of(config, values);
    if (role.empty()) {
      shares.own[node] = values;
    } else {
      shares.roles.insert(role);
    }
  }
  return shares;
}

void add_type(const ClusterConfig& config, const TypeSchema* type,
              const std::map<NodeName, Params>& params, Writer& writer) {
  if (type == nullptr || type->iam_actions.empty()) return;
  const Shares shares = shares_of(config, params);
  for (const std::string& role : shares.roles) writer.allow_role(role);
  if (shares.own.empty()) return;
  const Targets targets = targets_of(shares.own, type->fields);
  for (const auto& action : type->iam_actions) writer.allow(action, targets);
}

void add_types(const ClusterConfig& config, const Catalog& catalog, Writer& writer) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      add_type(config, find_type(catalog.resources, resource.type), resource.params, writer);
    }
  }
  for (const MonitorConfig& monitor : config.monitors) {
    add_type(config, find_type(catalog.monitors, monitor.type), monitor.params, writer);
  }
}

void add_arbitration(const ClusterConfig& config, Writer& writer) {
  const ArbitrationConfig& arbitration = config.arbitration;
  if (arbitration.arbiter.kind == ArbiterKind::dynamodb) {
    for (const char* action : {"dynamodb:GetItem", "dynamodb:PutItem"}) {
      writer.allow_table(action, arbitration.arbiter.dynamodb, config.name);
    }
  }
  if (arbitration.forced_stop.kind != ForcedStopKind::ec2) return;
  Targets targets;
  for (const NodeConfig& node : config.nodes) targets.instances.insert(node.instance);
  // One that is found by its addresses may be any.
  if (targets.instances.contains("")) targets.instances.clear();
  writer.allow("ec2:DescribeInstances", targets);
  writer.allow("ec2:StopInstances", targets);
  // With an arbiter the right to stop a node is won there; else nodes protect themselves.
  if (arbitration.arbiter.kind == ArbiterKind::none) {
    writer.allow("ec2:ModifyInstanceAttribute", targets);
  }
  if (arbitration.forced_stop.action == ForcedStopAction::reboot) {
    writer.allow("ec2:StartInstances", targets);
  }
}

// What only the doctor asks.
void add_doctor(Writer& writer) {
  for (const char* action :
       {"ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"}) {
    writer.allow(action, {});
  }
}

// What its --fix changes.
void add_mending(const ClusterConfig& config, const Catalog& catalog, Writer& writer) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const TypeSchema* type = find_type(catalog.resources, resource.type);
      if (type == nullptr) continue;
      const Targets targets = targets_of(resource.params, type->fields);
      for (const auto& action : type->mending_actions) writer.allow(action, targets);
    }
  }
}

// Names and ids hold nothing that JSON would have to escape.
std::string one_or_list(const auto& texts) {
  std::string list;
  for (const auto& text : texts) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", text);
  return texts.size() == 1 ? list : "[" + list + "]";
}

}  // namespace

std::vector<PolicyStatement> iam_policy(const ClusterConfig& config, const Catalog& catalog,
                                        const PolicyPlace& place, PolicyUse use) {
  Writer writer(place);
  add_types(config, catalog, writer);
  add_arbitration(config, writer);
  const bool mends = use == PolicyUse::nodes_and_doctor;
  const bool looks = config.aws.doctor && asks_aws_to_fail_over(config, catalog);
  if (mends || (looks && use == PolicyUse::nodes)) add_doctor(writer);
  if (mends) add_mending(config, catalog, writer);
  return writer.statements();
}

bool asks_aws_to_fail_over(const ClusterConfig& config, const Catalog& catalog) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const TypeSchema* type = find_type(catalog.resources, resource.type);
      if (type != nullptr && !type->iam_actions.empty()) return true;
    }
  }
  return false;
}

std::string statement_text(const PolicyStatement& statement) {
  std::string text =
      fmt::format(R"({{"Effect": "Allow", "Action": {}, "Resource": {})",
                  one_or_list(statement.actions), one_or_list(statement.scope.resources));
  if (!statement.scope.vpcs.empty()) {
    text += fmt::format(R"(, "Condition": {{"ArnLike": {{"ec2:Vpc": {}}}}})",
                        one_or_list(statement.scope.vpcs));
  }
  if (!statement.scope.keys_of.empty()) {
    text += fmt::format(
        R"(, "Condition": {{"ForAllValues:StringEquals": {{"dynamodb:LeadingKeys": ["{}"]}}}})",
        statement.scope.keys_of);
  }
  return text + "}";
}

}  // namespace mainstay
