// Elastic IPs, secondary private addresses, security groups: what calls make of the account, and
// what the kernel is to do.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <pugixml.hpp>

#include "lab/changes.h"
#include "lab/ec2.h"

using namespace mainstay::lab;

namespace {

Model make(const char* pattern = "eip") {
  return make_model(*parse_layout(*layout_text_named(pattern)), 1'000);
}

Ec2Outcome call(const std::string& form, const Model& model) {
  const Query query(parse_form(form));
  return ec2_call(query.value("Action"), {query, model, 2'000});
}

Model after(const std::string& form, const Model& model) {
  auto outcome = call(form, model);
  REQUIRE_MESSAGE(outcome.content.has_value(), outcome.content.error().message);
  REQUIRE(outcome.next.has_value());
  return *outcome.next;
}

std::string code(const std::string& form, const Model& model) {
  const auto outcome = call(form, model);
  return outcome.content ? "ok" : outcome.content.error().code;
}

std::string text(const std::string& form, const Model& model, const char* path) {
  const auto outcome = call(form, model);
  REQUIRE_MESSAGE(outcome.content.has_value(), outcome.content.error().message);
  pugi::xml_document document;
  REQUIRE(document.load_string(ec2_response("X", *outcome.content, "id").c_str()));
  return document.select_node(path).node().child_value();
}

const std::string eip = "198.51.100.20";
const std::string allocation = make_id("eipalloc", eip);
std::string eni(const char* name) { return make_id("eni", name); }
Ipv4 ip(const char* text) { return *parse_ipv4(text); }

std::string associate(const char* server, const std::string& more = "") {
  return fmt::format("Action=AssociateAddress&AllocationId={}&NetworkInterfaceId={}{}", allocation,
                     eni(server), more);
}
std::string assign(const char* server, const char* address, bool may_move) {
  return fmt::format(
      "Action=AssignPrivateIpAddresses&NetworkInterfaceId={}&PrivateIpAddress.1={}&"
      "AllowReassignment={}",
      eni(server), address, may_move);
}

}  // namespace

TEST_CASE("an Elastic IP takes the place of AWS's own public address, and gives it back") {
  const Model before = make();
  const Eni server = *find_id(before.enis, eni("server1"));
  CHECK(to_text(server.auto_public) == "198.51.100.100");
  const Model with = after(associate("server1"), before);
  CHECK(changes(before, with) ==
        std::vector<Change>{UnmapAddress{server.auto_public, server.address},
                            MapAddress{ip("198.51.100.20"), server.address}});
  CHECK(text("Action=DescribeAddresses", with, "//addressesSet/item/privateIpAddress") ==
        "10.0.10.10");
  const Model moved = after(associate("server2"), with);
  CHECK(find_id(moved.enis, eni("server1"))->auto_public != Ipv4{});
  CHECK(public_address_of(moved, *find_id(moved.enis, eni("server2")), ip("10.0.20.10")) ==
        ip("198.51.100.20"));
  CHECK(code(associate("server1", "&AllowReassociation=false"), moved) ==
        "Resource.AlreadyAssociated");
  CHECK(code(associate("server2", "&AllowReassociation=false"), moved) == "ok");
}

TEST_CASE("Elastic IPs are allocated and released") {
  const Model before = make();
  const Model more = after("Action=AllocateAddress&Domain=vpc", before);
  REQUIRE(more.addresses.size() == 2);
  CHECK(to_text(more.addresses[1].public_ip) == "198.51.100.102");
  const std::string id = more.addresses[1].allocation_id;
  CHECK(after("Action=ReleaseAddress&AllocationId=" + id, more) == before);
  CHECK(code("Action=ReleaseAddress&AllocationId=" + id, before) == "InvalidAllocationID.NotFound");
  CHECK(code("Action=ReleaseAddress&AllocationId=" + allocation,
             after(associate("server1"), before)) == "InvalidIPAddress.InUse");
}

TEST_CASE("what AssociateAddress names must be there") {
  const Model model = make();
  CHECK(code("Action=AssociateAddress&NetworkInterfaceId=" + eni("server1"), model) ==
        "MissingParameter");
  CHECK(code("Action=AssociateAddress&AllocationId=" + allocation, model) == "MissingParameter");
  CHECK(code("Action=AssociateAddress&AllocationId=eipalloc-00000000&NetworkInterfaceId=" +
                 eni("server1"),
             model) == "InvalidAllocationID.NotFound");
  CHECK(code(associate("server9"), model) == "InvalidNetworkInterfaceID.NotFound");
  CHECK(code(associate("server1", "&PrivateIpAddress=10.0.10.77"), model) ==
        "InvalidParameterValue");
  CHECK(code("Action=DisassociateAddress", model) == "MissingParameter");
}

TEST_CASE("a secondary private address is assigned, moved and taken away") {
  const Model before = make("vip");
  const Model with = after(assign("server1", "10.0.110.50", false), before);
  CHECK(changes(before, with) ==
        std::vector<Change>{SetPrivate{eni("server1"), ip("10.0.110.50"), ""}});
  CHECK(text("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=" + eni("server1"), with,
             "//privateIpAddressesSet/item[primary='false']/privateIpAddress") == "10.0.110.50");
  CHECK(text("Action=DescribeNetworkInterfaces&Filter.1.Name=addresses.private-ip-address&"
             "Filter.1.Value.1=10.0.110.50",
             with, "//networkInterfaceId") == eni("server1"));
  const std::string gone =
      "Action=UnassignPrivateIpAddresses&PrivateIpAddress.1=10.0.110.50&"
      "NetworkInterfaceId=";
  CHECK(after(gone + eni("server1"), with) == before);
  CHECK(changes(with, before) ==
        std::vector<Change>{RemovePrivate{eni("server1"), ip("10.0.110.50")}});
  CHECK(code(gone + eni("server1"), before) == "InvalidParameterValue");
}

TEST_CASE("an assigned address moves only if that is allowed, and its Elastic IP with it") {
  Model model = make("vip");
  // A second interface in the subnet of server1.
  find_id(model.enis, eni("server2"))->subnet_id = make_id("subnet", "Subnet-2A");
  const Model with = after(assign("server1", "10.0.110.50", false), model);
  const std::string elastic = fmt::format(
      "Action=AssociateAddress&AllocationId={}&NetworkInterfaceId={}&PrivateIpAddress=10.0.110.50",
      allocation, eni("server1"));
  const Model mapped = after(elastic, with);
  CHECK(code(assign("server2", "10.0.110.50", false), mapped) == "InvalidParameterValue");
  const Model moved = after(assign("server2", "10.0.110.50", true), mapped);
  CHECK(changes(mapped, moved) ==
        std::vector<Change>{SetPrivate{eni("server2"), ip("10.0.110.50"), eni("server1")}});
  CHECK(find_address_at(moved, ip("10.0.110.50"))->eni_id == eni("server2"));
  CHECK(code(assign("server2", "10.0.110.10", true), moved) == "InvalidParameterValue");
  CHECK(code(assign("server2", "10.0.120.50", true), moved) == "InvalidParameterValue");
}

TEST_CASE("zones have states, and security groups rules that are spelled out") {
  Model model = make("vip");
  model.zone_conditions["ap-northeast-1c"] = {"impaired", "power is failing"};
  const std::string zone = "Action=DescribeAvailabilityZones&ZoneName.1=ap-northeast-1c";
  CHECK(text(zone, model, "//zoneState") == "impaired");
  CHECK(text(zone, model, "//messageSet/item/message") == "power is failing");
  CHECK(text("Action=DescribeAvailabilityZones&Filter.1.Name=state&Filter.1.Value.1=available",
             model, "//item[2]/zoneName") == "ap-northeast-1d");
  model.groups.push_back({"sg-00000001", "nodes", {}});
  for (const char* name : {"server1", "server2"})
    find_id(model.enis, eni(name))->group_ids = {"sg-00000001"};
  const std::string rule =
      "&GroupId=sg-00000001&IpPermissions.1.IpProtocol=udp&IpPermissions.1.FromPort=29001&"
      "IpPermissions.1.ToPort=29001&IpPermissions.1.Groups.1.GroupId=sg-00000001";
  const Model open = after("Action=AuthorizeSecurityGroupIngress" + rule, model);
  const auto todo = changes(model, open);
  REQUIRE(todo.size() == 2);
  CHECK(std::get<SetGuard>(todo[0]).admissions ==
        std::vector<Admission>{{"udp", {ip("10.0.110.10"), 32}, 29001, 29001},
                               {"udp", {ip("10.0.120.10"), 32}, 29001, 29001}});
  CHECK(text("Action=DescribeSecurityGroups&GroupId.1=sg-00000001", open,
             "//groups/item/groupId") == "sg-00000001");
  CHECK(code("Action=AuthorizeSecurityGroupIngress" + rule, open) == "InvalidPermission.Duplicate");
  CHECK(after("Action=RevokeSecurityGroupIngress" + rule, open) == model);
  CHECK(code("Action=RevokeSecurityGroupIngress" + rule, model) == "InvalidPermission.NotFound");
}

TEST_CASE("what surrounds the instances is described") {
  const Model model = make("vip");
  CHECK(text("Action=DescribeVpcAttribute&Attribute=enableDnsSupport&VpcId=" + model.vpc_id, model,
             "//enableDnsSupport/value") == "true");
  CHECK(code("Action=DescribeVpcAttribute&Attribute=colour&VpcId=" + model.vpc_id, model) ==
        "InvalidParameterValue");
  CHECK(text("Action=DescribeInternetGateways", model, "//attachmentSet/item/vpcId") ==
        model.vpc_id);
  CHECK(text("Action=DescribeNatGateways", model, "//natGatewaySet").empty());
  CHECK(text("Action=DescribeInstanceStatus&IncludeAllInstances=true", model,
             "//instanceState/name") == "pending");
  CHECK(text("Action=DescribeInstanceStatus", model, "//instanceState/name").empty());
  CHECK(text("Action=DescribeRegions", model, "//regionEndpoint") ==
        "ec2.ap-northeast-1.amazonaws.com");
  CHECK(code("Action=DescribeSecurityGroups&GroupId.1=sg-00000000", model) ==
        "InvalidGroup.NotFound");
}
