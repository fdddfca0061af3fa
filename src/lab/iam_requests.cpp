// Which resources each call touches, by IAM's table of actions.
#include "lab/iam_requests.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lab/ec2.h"
#include "lab/route53.h"
#include "lab/route53_changes.h"

namespace mainstay::lab {
namespace {

using Resources = std::vector<AccessResource>;

void add_tag(AccessResource& resource, const std::string& name) {
  resource.conditions["aws:resourcetag/name"] = {name};
  resource.conditions["ec2:resourcetag/name"] = {name};
}

AccessResource route_table(const Model& model, const std::string& id) {
  AccessResource resource{ec2_arn(model, "route-table", id)};
  resource.conditions["ec2:vpc"] = {ec2_arn(model, "vpc", model.vpc_id)};
  if (const RouteTable* table = find_id(model.tables, id)) add_tag(resource, table->name);
  return resource;
}

AccessResource interface(const Model& model, const std::string& id) {
  AccessResource resource{ec2_arn(model, "network-interface", id)};
  resource.conditions["ec2:vpc"] = {ec2_arn(model, "vpc", model.vpc_id)};
  if (const Eni* eni = find_id(model.enis, id)) {
    const Instance* instance = find_id(model.instances, eni->instance_id);
    if (instance != nullptr) add_tag(resource, instance->name);
  }
  return resource;
}

AccessResource instance(const Model& model, const std::string& id) {
  AccessResource resource{ec2_arn(model, "instance", id)};
  if (const Instance* one = find_id(model.instances, id)) add_tag(resource, one->name);
  return resource;
}

Resources of_associate(const Query& query, const Model& model) {
  Resources out = {{ec2_arn(model, "elastic-ip", query.value("AllocationId"))}};
  if (query.has("NetworkInterfaceId"))
    out.push_back(interface(model, query.value("NetworkInterfaceId")));
  if (query.has("InstanceId")) out.push_back(instance(model, query.value("InstanceId")));
  return out;
}

Resources of_disassociate(const Query& query, const Model& model) {
  const auto found =
      std::ranges::find(model.addresses, query.value("AssociationId"), &Address::association_id);
  if (found == model.addresses.end() || found->eni_id.empty())
    return {{ec2_arn(model, "elastic-ip", "*")}};
  return {{ec2_arn(model, "elastic-ip", found->allocation_id)}, interface(model, found->eni_id)};
}

Resources ec2_resources(const std::string& action, const Query& query, const Model& model) {
  if (action.ends_with("Route")) return {route_table(model, query.value("RouteTableId"))};
  if (action == "AssociateAddress") return of_associate(query, model);
  if (action == "DisassociateAddress") return of_disassociate(query, model);
  if (action == "AllocateAddress") return {{ec2_arn(model, "elastic-ip", "*")}};
  if (action == "ReleaseAddress")
    return {{ec2_arn(model, "elastic-ip", query.value("AllocationId"))}};
  if (action == "AssignPrivateIpAddresses" || action == "UnassignPrivateIpAddresses" ||
      action == "ModifyNetworkInterfaceAttribute") {
    return {interface(model, query.value("NetworkInterfaceId"))};
  }
  if (action == "ModifyInstanceAttribute") return {instance(model, query.value("InstanceId"))};
  if (action == "StopInstances" || action == "StartInstances" || action == "RebootInstances") {
    Resources out;
    for (const std::string& id : query.list("InstanceId")) out.push_back(instance(model, id));
    if (!out.empty()) return out;
  }
  return {{"*"}};
}

// What a policy may say about the records of a change.
void add_record_conditions(const HttpRequest& request, ConditionValues& conditions) {
  const auto batch = parse_change_batch(request.body);
  if (!batch) return;  // The call itself will say what is wrong with it.
  const std::string base = "route53:changeresourcerecordsets";
  for (const RecordChange& change : *batch) {
    std::string name = change.record.name;
    if (name.ends_with('.')) name.pop_back();
    conditions[base + "normalizedrecordnames"].push_back(name);
    conditions[base + "recordtypes"].push_back(change.record.type);
    const char* action = change.action == ChangeAction::create   ? "CREATE"
                         : change.action == ChangeAction::remove ? "DELETE"
                                                                 : "UPSERT";
    conditions[base + "actions"].emplace_back(action);
  }
}

Resources route53_resources(const std::string& action, const HttpRequest& request) {
  if (action == "GetChange") return {{"arn:aws:route53:::change/" + route53_id(request)}};
  if (action == "ListHostedZonesByVPC") return {{"*"}};
  const std::string id = route53_id(request);
  return {{id.empty() ? "*" : "arn:aws:route53:::hostedzone/" + id}};
}

Resources dynamodb_resources(const std::string& action, const HttpRequest& request,
                             const Model& model) {
  if (action == "ListTables") return {{"*"}};
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const std::string name =
      body.is_object() && body.contains("TableName") && body["TableName"].is_string()
          ? body["TableName"].get<std::string>()
          : "";
  return {{fmt::format("arn:aws:dynamodb:{}:{}:table/{}", model.region, model.account, name)}};
}

}  // namespace

std::string ec2_arn(const Model& model, std::string_view kind, std::string_view id) {
  return fmt::format("arn:aws:ec2:{}:{}:{}/{}", model.region, model.account, kind, id);
}

std::string role_arn(std::string_view account, std::string_view role) {
  return fmt::format("arn:aws:iam::{}:role/{}", account, role);
}

std::string role_of_arn(std::string_view arn) {
  const auto role = arn.find(":role/");
  return arn.starts_with("arn:aws:iam::") && role != std::string_view::npos
             ? std::string(arn.substr(arn.rfind('/') + 1))
             : std::string();
}

AccessRequest access_request(Service service, const std::string& action, const Query& query,
                             const HttpRequest& request, const Model& model) {
  AccessRequest access{.action = full_action(service, action), .resources = {{"*"}}};
  if (!is_global(service)) {
    access.conditions["aws:requestedregion"] = {model.region};
    if (service == Service::ec2) access.conditions["ec2:region"] = {model.region};
  }
  switch (service) {
    case Service::ec2:
      access.resources = ec2_resources(action, query, model);
      break;
    case Service::route53:
      access.resources = route53_resources(action, request);
      if (action == "ChangeResourceRecordSets") add_record_conditions(request, access.conditions);
      break;
    case Service::dynamodb:
      access.resources = dynamodb_resources(action, request, model);
      break;
    case Service::sts:
      if (action == "AssumeRole") access.resources = {{query.value("RoleArn")}};
      break;
    case Service::iam:
      if (query.has("PolicySourceArn")) access.resources = {{query.value("PolicySourceArn")}};
      break;
  }
  return access;
}

}  // namespace mainstay::lab
