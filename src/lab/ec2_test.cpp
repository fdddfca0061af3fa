// The EC2 API on the built-in layout: shapes, ids, filters, errors, changes.
#include "lab/ec2.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <pugixml.hpp>

#include "lab/changes.h"

using namespace mainstay::lab;

namespace {

Model make() { return make_model(*parse_layout(default_layout_text()), 1'000); }

Ec2Outcome call(const std::string& form, const Model& model = make()) {
  const Query query(parse_form(form));
  return ec2_call(query.value("Action"), {query, model, 2'000});
}

std::string code(const std::string& form, const Model& model = make()) {
  const auto outcome = call(form, model);
  return outcome.content ? "ok" : outcome.content.error().code;
}

// All texts the path finds in the answer.
std::vector<std::string> texts(const Ec2Outcome& outcome, const char* path) {
  REQUIRE_MESSAGE(outcome.content.has_value(), outcome.content.error().code);
  pugi::xml_document document;
  REQUIRE(document.load_string(ec2_response("X", *outcome.content, "id").c_str()));
  std::vector<std::string> out;
  for (const auto& found : document.select_nodes(path))
    out.emplace_back(found.node().child_value());
  return out;
}

const std::string vip = "10.1.0.20/32";
std::string eni(const char* name) { return make_id("eni", name); }
std::string table(const char* name) { return make_id("rtb", name); }

std::string replace(const std::string& to = eni("server2"), const std::string& destination = vip) {
  return fmt::format(
      "Action=ReplaceRoute&RouteTableId={}&DestinationCidrBlock={}&NetworkInterfaceId={}",
      table("Public-AB"), destination, to);
}

}  // namespace

TEST_CASE("route tables have the shape clients expect") {
  const auto outcome = call("Action=DescribeRouteTables&RouteTableId.1=" + table("Private-A"));
  CHECK(texts(outcome, "//routeTableSet/item/routeTableId") == std::vector{table("Private-A")});
  CHECK(texts(outcome, "//routeSet/item/destinationCidrBlock") ==
        std::vector<std::string>{"10.0.0.0/16", "0.0.0.0/0", vip});
  CHECK(texts(outcome, "//routeSet/item/networkInterfaceId") ==
        std::vector{eni("nat1"), eni("server1")});
  CHECK(texts(outcome, "//routeSet/item/gatewayId") == std::vector<std::string>{"local"});
  CHECK(texts(outcome, "//associationSet/item/subnetId") ==
        std::vector{make_id("subnet", "Subnet-2A")});
}

TEST_CASE("filters choose route tables") {
  const auto ids = [](const std::string& filter) {
    return texts(call("Action=DescribeRouteTables&" + filter), "//routeTableSet/item/routeTableId");
  };
  CHECK(ids("Filter.1.Name=route.destination-cidr-block&Filter.1.Value.1=10.1.0.20/32").size() ==
        3);
  CHECK(ids("Filter.1.Name=association.subnet-id&Filter.1.Value.1=" +
            make_id("subnet", "Subnet-2B")) == std::vector{table("Private-B")});
  CHECK(ids("Filter.1.Name=tag:Name&Filter.1.Value.1=Private-*").size() == 2);
  CHECK(ids("Filter.1.Name=tag:Name&Filter.1.Value.1=Private-*&Filter.2.Name=route.instance-id&"
            "Filter.2.Value.1=" +
            make_id("i", "nat2")) == std::vector{table("Private-B")});
  CHECK(ids("Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-00000000").empty());
  CHECK(code("Action=DescribeRouteTables&Filter.1.Name=color&Filter.1.Value.1=red") ==
        "InvalidParameterValue");
}

TEST_CASE("ids that are no ids and ids of nothing are told apart") {
  CHECK(code("Action=DescribeVpcs&VpcId.1=vpc-00000000") == "InvalidVpcID.NotFound");
  CHECK(code("Action=DescribeVpcs&VpcId.1=nonsense") == "InvalidVpcID.Malformed");
  CHECK(code("Action=DescribeInstances&InstanceId.1=i-00000000") == "InvalidInstanceID.NotFound");
  CHECK(code("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=eni-00000000") ==
        "InvalidNetworkInterfaceID.NotFound");
  CHECK(code("Action=DescribeAddresses&AllocationId.1=eipalloc-00000000") ==
        "InvalidAllocationID.NotFound");
  CHECK(code("Action=DescribeAvailabilityZones&ZoneName.1=ap-northeast-1x") ==
        "InvalidParameterValue");
  CHECK(code("Action=Frobnicate") == "InvalidAction");
}

TEST_CASE("the other descriptions show what is there") {
  CHECK(
      texts(call("Action=DescribeVpcs"), "//vpcSet/item/cidrBlockAssociationSet/item/cidrBlock") ==
      std::vector<std::string>{"10.0.0.0/16"});
  CHECK(texts(call("Action=DescribeSubnets"), "//subnetSet/item/subnetId").size() == 5);
  CHECK(texts(call("Action=DescribeAvailabilityZones"), "//zoneState") ==
        std::vector<std::string>(3, "available"));
  CHECK(texts(call("Action=DescribeInstances&Filter.1.Name=availability-zone&"
                   "Filter.1.Value.1=ap-northeast-1a"),
              "//instancesSet/item/instanceId") ==
        std::vector{make_id("i", "nat1"), make_id("i", "server1")});
  CHECK(texts(call("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=" + eni("server1")),
              "//networkInterfaceSet/item/sourceDestCheck") == std::vector<std::string>{"false"});
  CHECK(texts(call("Action=DescribeAddresses&PublicIp.1=198.51.100.11"),
              "//addressesSet/item/networkInterfaceId") == std::vector{eni("nat1")});
}

TEST_CASE("replacing a route changes that route of that table and nothing else") {
  const Model before = make();
  const auto outcome = call(replace(), before);
  REQUIRE(outcome.content.has_value());
  REQUIRE(outcome.next.has_value());
  const auto todo = changes(before, *outcome.next);
  REQUIRE(todo.size() == 1);
  CHECK(todo[0] == Change(SetRoute{table("Public-AB"),
                                   {.destination = {*parse_cidr(vip)}, .eni_id = eni("server2")}}));
  CHECK(changes(before, before).empty());
}

TEST_CASE("a route is replaced only where there is one") {
  CHECK(code(replace(eni("server2"), "10.1.0.21/32")) == "InvalidParameterValue");
  CHECK(code(replace("eni-00000000")) == "InvalidNetworkInterfaceID.NotFound");
  CHECK(code(replace("server2")) == "InvalidNetworkInterfaceId.Malformed");
  CHECK(code(replace(eni("server2"), "10.1.0.20")) == "InvalidParameterValue");
  CHECK(code(replace(eni("server2"), "10.0.0.0/16")) == "InvalidParameterValue");
  CHECK(code(replace() + "&GatewayId=local") == "InvalidParameterCombination");
  CHECK(code("Action=ReplaceRoute&RouteTableId=rtb-00000000&DestinationCidrBlock=10.1.0.20/32") ==
        "InvalidRouteTableID.NotFound");
}

TEST_CASE("a dry run changes nothing and says that it would have succeeded") {
  const auto outcome = call(replace() + "&DryRun=true");
  REQUIRE_FALSE(outcome.content.has_value());
  CHECK(outcome.content.error() ==
        AwsError{412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."});
  CHECK_FALSE(outcome.next.has_value());
}

TEST_CASE("routes come and go") {
  const std::string create = fmt::format(
      "Action=CreateRoute&RouteTableId={}&DestinationCidrBlock=10.9.0.0/24&InstanceId={}",
      table("Private-A"), make_id("i", "server2"));
  const auto created = call(create);
  REQUIRE(created.next.has_value());
  CHECK(code(create, *created.next) == "RouteAlreadyExists");
  const std::string remove = fmt::format(
      "Action=DeleteRoute&RouteTableId={}&DestinationCidrBlock=10.9.0.0/24", table("Private-A"));
  const auto removed = call(remove, *created.next);
  REQUIRE(removed.next.has_value());
  CHECK(*removed.next == make());
  CHECK(code(remove) == "InvalidRoute.NotFound");
  CHECK(changes(*created.next, *removed.next) ==
        std::vector<Change>{RemoveRoute{table("Private-A"), {*parse_cidr("10.9.0.0/24")}}});
  CHECK(code(fmt::format("Action=CreateRoute&RouteTableId={}&DestinationCidrBlock=10.0.9.0/24&"
                         "NetworkInterfaceId={}",
                         table("Private-A"), eni("server1"))) == "InvalidParameterValue");
}

TEST_CASE("an Elastic IP moves unless that is forbidden") {
  const std::string move =
      fmt::format("Action=AssociateAddress&AllocationId={}&NetworkInterfaceId={}",
                  make_id("eipalloc", "198.51.100.11"), eni("client"));
  CHECK(code(move + "&AllowReassociation=false") == "Resource.AlreadyAssociated");
  const Model before = make();
  const auto moved = call(move, before);
  REQUIRE(moved.next.has_value());
  const auto todo = changes(before, *moved.next);
  REQUIRE(todo.size() == 2);
  CHECK(std::holds_alternative<UnmapAddress>(todo[0]));
  CHECK(std::holds_alternative<MapAddress>(todo[1]));
  const std::string association = texts(moved, "//associationId")[0];
  const auto freed = call("Action=DisassociateAddress&AssociationId=" + association, *moved.next);
  REQUIRE(freed.next.has_value());
  CHECK(find_address_of(*freed.next, *find_id(freed.next->enis, eni("client"))) == nullptr);
  CHECK(code("Action=DisassociateAddress&AssociationId=" + association, *freed.next) ==
        "InvalidAssociationID.NotFound");
}

TEST_CASE("instances are stopped, started and rebooted only from states where that makes sense") {
  Model model = make();
  for (Instance& instance : model.instances) instance.state = InstanceState::running;
  const std::string id = make_id("i", "server1");
  const auto stopped = call("Action=StopInstances&Force=true&InstanceId.1=" + id, model);
  CHECK(texts(stopped, "//currentState/name") == std::vector<std::string>{"stopping"});
  CHECK(texts(stopped, "//previousState/name") == std::vector<std::string>{"running"});
  CHECK(stopped.orders == std::vector<InstanceOrder>{{InstanceOrder::What::force_stop, "server1"}});
  CHECK(code("Action=StartInstances&InstanceId.1=" + id, *stopped.next) ==
        "IncorrectInstanceState");
  CHECK(call("Action=StopInstances&SkipOsShutdown=true&InstanceId.1=" + id, model).orders ==
        stopped.orders);
  CHECK(code("Action=StopInstances&DryRun=true&InstanceId.1=" + id, model) == "DryRunOperation");
  CHECK(call("Action=StartInstances&InstanceId.1=" + id, model).orders.empty());
  CHECK(call("Action=RebootInstances&InstanceId.1=" + id, model).orders.size() == 1);
  CHECK(code("Action=RebootInstances&InstanceId.1=" + id, *stopped.next) ==
        "IncorrectInstanceState");
  CHECK(code("Action=StopInstances", model) == "MissingParameter");
}

TEST_CASE("a protected instance is not stopped, by force neither") {
  const Model model = make();
  const std::string id = make_id("i", "server1");
  const std::string protect = "Action=ModifyInstanceAttribute&InstanceId=" + id;
  const auto guarded = call(protect + "&DisableApiStop.Value=true", model);
  CHECK(code("Action=StopInstances&Force=true&InstanceId.1=" + id, *guarded.next) ==
        "OperationNotPermitted");
  const auto open = call(protect + "&DisableApiStop.Value=false", *guarded.next);
  CHECK(call("Action=StopInstances&InstanceId.1=" + id, *open.next).orders.size() == 1);
  CHECK(
      code(
          "Action=ModifyInstanceAttribute&DisableApiStop.Value=true&InstanceId=i-0fedcba9876543210",
          model) == "InvalidInstanceID.NotFound");
  CHECK(code(protect, model) == "InvalidParameterCombination");
}

TEST_CASE("a start changes since when the instance runs, a stop does not") {
  Model model = make();
  for (Instance& instance : model.instances) instance.state = InstanceState::stopped;
  const std::string id = make_id("i", "server1");
  const auto launched = [&](const Model& in) {
    return find_instance_named(in, "server1")->launched_ms;
  };
  const auto started = call("Action=StartInstances&InstanceId.1=" + id, model);
  CHECK(launched(*started.next) == 2'000);
  for (Instance& instance : model.instances) instance.state = InstanceState::running;
  const auto stopped = call("Action=StopInstances&InstanceId.1=" + id, model);
  CHECK(launched(*stopped.next) == launched(model));
}

TEST_CASE("an instance is found by its private address") {
  const std::string by =
      "Action=DescribeInstances&Filter.1.Name=network-interface.addresses."
      "private-ip-address&Filter.1.Value.1=";
  CHECK(texts(call(by + "10.0.110.10"), "//instancesSet/item/instanceId") ==
        std::vector{make_id("i", "server1")});
  CHECK(texts(call(by + "10.0.110.99"), "//instanceId").empty());
}

TEST_CASE("a volume is described by itself and among the block devices of its instance") {
  Layout layout = *parse_layout(default_layout_text());
  LayoutInstance& server = *std::ranges::find(layout.instances, "server1", &LayoutInstance::name);
  server.volumes = {{.device = "/dev/sdf", .size_mib = 64},
                    {.device = "/dev/sdg", .size_mib = 1025}};
  const Model model = make_model(layout, 1'000);
  const auto all = call("Action=DescribeVolumes", model);
  CHECK(texts(all, "//volumeSet/item/volumeId") ==
        std::vector{volume_id("server1", "/dev/sdf"), volume_id("server1", "/dev/sdg")});
  CHECK(texts(all, "//volumeSet/item/size") == std::vector<std::string>{"1", "2"});
  const std::string by = "Action=DescribeVolumes&Filter.1.Name=";
  CHECK(
      texts(call(by + "attachment.instance-id&Filter.1.Value.1=" + make_id("i", "server1"), model),
            "//attachmentSet/item/device") == std::vector<std::string>{"/dev/sdf", "/dev/sdg"});
  CHECK(
      texts(call(by + "attachment.instance-id&Filter.1.Value.1=" + make_id("i", "server2"), model),
            "//volumeId")
          .empty());
  CHECK(code("Action=DescribeVolumes&VolumeId.1=vol-00000000", model) == "InvalidVolume.NotFound");
  CHECK(texts(call("Action=DescribeInstances", model), "//blockDeviceMapping/item/ebs/volumeId") ==
        std::vector{volume_id("server1", "/dev/sdf"), volume_id("server1", "/dev/sdg")});
}

TEST_CASE("a route to a stopped instance is a black hole") {
  Model model = make();
  for (Instance& instance : model.instances) instance.state = InstanceState::stopped;
  CHECK(texts(call("Action=DescribeRouteTables&RouteTableId.1=" + table("Private-A"), model),
              "//routeSet/item/state") ==
        std::vector<std::string>{"active", "blackhole", "blackhole"});
}

TEST_CASE("patterns of filters match as AWS's do") {
  CHECK(wildcard_match("a*c", "abbc"));
  CHECK(wildcard_match("a?c", "abc"));
  CHECK_FALSE(wildcard_match("a?c", "ac"));
  CHECK(wildcard_match("*", ""));
  CHECK(wildcard_match("a\\*", "a*"));
  CHECK_FALSE(wildcard_match("a\\*", "ab"));
}

TEST_CASE("text in answers is escaped") {
  CHECK(ec2_error({400, "A", "<x> & \"y\""}, "id").find("&lt;x&gt; &amp; &quot;y&quot;") !=
        std::string::npos);
}
