// Between EC2's Query API and the AWS CLI, both ways.
#include "adapters/aws/cli_words.h"

#include <doctest/doctest.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/survey.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

Question asked(std::string action, Parameters parameters) {
  Parameters form = {{"Action", action}, {"Version", "2016-11-15"}};
  form.insert(form.end(), parameters.begin(), parameters.end());
  return {.service = "ec2",
          .action = std::move(action),
          .subject = "",
          .effect = Effect::read,
          .headers = {},
          .body = encode_parameters(form)};
}

std::string input_for(const std::string& action, Parameters parameters) {
  const auto words = cli_words(asked(action, std::move(parameters)));
  REQUIRE(words.has_value());
  REQUIRE(words->size() == 4);
  CHECK((*words)[0] == "ec2");
  CHECK((*words)[2] == "--cli-input-json");
  return (*words)[3];
}

TEST_CASE("an action is a command in small letters") {
  CHECK(command_of("ReplaceRoute") == "replace-route");
  CHECK(command_of("ModifyNetworkInterfaceAttribute") == "modify-network-interface-attribute");
}

TEST_CASE("lists, structures, filters and switches become the CLI's input") {
  CHECK(input_for("DescribeRouteTables", {{"Filter.1.Name", "vpc-id"},
                                          {"Filter.1.Value.1", "vpc-1"},
                                          {"Filter.2.Name", "association.main"},
                                          {"Filter.2.Value.1", "true"},
                                          {"NextToken", "2/="}}) ==
        R"({"Filters":[{"Name":"vpc-id","Values":["vpc-1"]},)"
        R"({"Name":"association.main","Values":["true"]}],"NextToken":"2/="})");
  CHECK(input_for("StopInstances", {{"InstanceId.1", "i-1"}, {"Force", "true"}}) ==
        R"({"InstanceIds":["i-1"],"Force":true})");
  CHECK(input_for("ModifyNetworkInterfaceAttribute",
                  {{"NetworkInterfaceId", "eni-1"}, {"SourceDestCheck.Value", "false"}}) ==
        R"({"NetworkInterfaceId":"eni-1","SourceDestCheck":{"Value":false}})");
  CHECK(input_for("AssignPrivateIpAddresses",
                  {{"NetworkInterfaceId", "eni-1"}, {"PrivateIpAddress.1", "10.0.0.5"}}) ==
        R"({"NetworkInterfaceId":"eni-1","PrivateIpAddresses":["10.0.0.5"]})");
}

TEST_CASE("hostile values stay values") {
  CHECK(input_for("DescribeVpcs", {{"VpcId.1", "vpc-1\", \"DryRun\": true, \"x\": \"&=%\n"}}) ==
        R"({"VpcIds":["vpc-1\", \"DryRun\": true, \"x\": \"&=%\n"]})");
}

TEST_CASE("a service that the CLI is not asked for is refused by name") {
  Question question = asked("ListX", {});
  question.service = "iam";
  const auto words = cli_words(question);
  REQUIRE_FALSE(words.has_value());
  CHECK(words.error().message.find("iam") != std::string::npos);
}

std::string reply(const std::string& action, const std::string& json) {
  const auto xml = reply_from_cli(asked(action, {}), json);
  REQUIRE(xml.has_value());
  return *xml;
}

TEST_CASE("route tables read the same from both back ends") {
  const auto page = parse_route_tables(reply("DescribeRouteTables", R"({"RouteTables":[{
    "Associations":[{"Main":true,"RouteTableId":"rtb-1"},{"Main":false,"SubnetId":"subnet-1"}],
    "RouteTableId":"rtb-1","Tags":[{"Key":"Name","Value":"a <b> & c"}],"Routes":[
    {"DestinationCidrBlock":"10.1.0.20/32","NetworkInterfaceId":"eni-1","State":"blackhole"},
    {"DestinationIpv6CidrBlock":"::/0","GatewayId":"igw-1","State":"active"}]}],
    "NextToken":"more"})"));
  REQUIRE(page.has_value());
  REQUIRE(page->items.size() == 1);
  const AwsRouteTable& table = page->items[0];
  CHECK(table.id == "rtb-1");
  CHECK(table.name == "a <b> & c");
  CHECK(table.main);
  CHECK(table.subnets == std::vector<std::string>{"subnet-1"});
  REQUIRE(table.routes.size() == 2);
  CHECK(table.routes[0] == AwsRoute{"10.1.0.20/32", "eni-1", "", false});
  CHECK(table.routes[1] == AwsRoute{"::/0", "", "igw-1", true});
  CHECK(page->next == "more");
}

TEST_CASE("VPCs, interfaces and instances read the same from both back ends") {
  const auto cidrs = parse_vpc_cidrs(reply("DescribeVpcs", R"({"Vpcs":[{"CidrBlock":"10.0.0.0/16",
    "CidrBlockAssociationSet":[{"CidrBlock":"10.9.0.0/16","CidrBlockState":{"State":"associated"}},
    {"CidrBlock":"10.8.0.0/16","CidrBlockState":{"State":"disassociated"}}],
    "Ipv6CidrBlockAssociationSet":[{"Ipv6CidrBlock":"2001:db8::/56",
    "Ipv6CidrBlockState":{"State":"associated"}}]}]})"));
  CHECK(cidrs.value() == std::vector<std::string>{"10.0.0.0/16", "10.9.0.0/16", "2001:db8::/56"});
  const auto placed = parse_placed_interfaces(reply("DescribeNetworkInterfaces",
                                                    R"({"NetworkInterfaces":[{
    "NetworkInterfaceId":"eni-1","MacAddress":"02:0a","VpcId":"vpc-1","SubnetId":"subnet-1",
    "AvailabilityZone":"r1a","PrivateIpAddress":"10.0.0.4","SourceDestCheck":false,
    "Attachment":{"InstanceId":"i-1","DeviceIndex":1},
    "Groups":[{"GroupId":"sg-1","GroupName":"g"}]}]})"));
  REQUIRE(placed.has_value());
  REQUIRE(placed->size() == 1);
  CHECK((*placed)[0] ==
        AwsPlacedInterface{
            {"eni-1", "02:0a", "vpc-1", "subnet-1", "r1a", "i-1", "10.0.0.4", false}, 1, {"sg-1"}});
  const auto instances = parse_instances(reply("DescribeInstances", R"({"Reservations":[{
    "Instances":[{"InstanceId":"i-1","State":{"Code":16,"Name":"running"},
    "LaunchTime":"2026-01-01T00:00:00.000Z","PrivateIpAddress":"10.0.0.4",
    "PublicIpAddress":"52.1.1.1","NetworkInterfaces":[{"PrivateIpAddresses":[
    {"PrivateIpAddress":"10.0.0.5"}],"Ipv6Addresses":[{"Ipv6Address":"fd00::5"}]}]}]}]})"));
  REQUIRE(instances.has_value());
  REQUIRE(instances->size() == 1);
  CHECK((*instances)[0] == AwsInstance{"i-1",
                                       InstanceState::running,
                                       "2026-01-01T00:00:00.000Z",
                                       {"10.0.0.4", "52.1.1.1", "10.0.0.5", "fd00::5"}});
}

TEST_CASE("security groups and subnets read the same from both back ends") {
  const auto groups = parse_security_groups(reply("DescribeSecurityGroups", R"({"SecurityGroups":[{
    "GroupId":"sg-1","GroupName":"nodes","IpPermissions":[{"IpProtocol":"udp","FromPort":29002,
    "ToPort":29003,"IpRanges":[{"CidrIp":"10.0.0.0/16"}],"Ipv6Ranges":[{"CidrIpv6":"fd00::/8"}],
    "UserIdGroupPairs":[{"GroupId":"sg-2"}],"PrefixListIds":[{"PrefixListId":"pl-1"}]},
    {"IpProtocol":"-1"}]}]})"));
  REQUIRE(groups.has_value());
  REQUIRE(groups->size() == 1);
  REQUIRE((*groups)[0].inbound.size() == 2);
  CHECK((*groups)[0].inbound[0] ==
        AwsPortRule{"udp", 29002, 29003, {"10.0.0.0/16", "fd00::/8"}, {"sg-2"}, {"pl-1"}});
  CHECK((*groups)[0].inbound[1] == AwsPortRule{"-1", -1, -1, {}, {}, {}});
  const auto subnets = parse_subnets(reply("DescribeSubnets", R"({"Subnets":[{
    "SubnetId":"subnet-1","AvailabilityZone":"r1a","CidrBlock":"10.0.1.0/24",
    "Tags":[{"Key":"Name","Value":"one"}]}]})"));
  CHECK(subnets.value() == std::vector<AwsSubnet>{{"subnet-1", "one", "r1a", "10.0.1.0/24"}});
}

TEST_CASE("a command that prints nothing has done what it was told") {
  CHECK(parse_return(reply("ReplaceRoute", "")).has_value());
  CHECK(parse_return(reply("CreateRoute", "{\"Return\": true}\n")).has_value());
  CHECK_FALSE(parse_return(reply("CreateRoute", "{\"Return\": false}")).has_value());
  CHECK(parse_told(reply("StopInstances", R"({"StoppingInstances":[{"InstanceId":"i-1"}]})"),
                   "StopInstances", "i-1")
            .has_value());
  CHECK(reply_from_cli(asked("DescribeVpcs", {}), "vpc-1 available").error().code == Code::corrupt);
}

const Question any{.service = "ec2"};

Fault fault_of(const std::string& complaint) {
  const auto result = failure_from_cli(any, complaint, 254);
  REQUIRE(result.has_value());
  return parse_fault(result->status, result->body);
}

TEST_CASE("what AWS refused is the same fault as without the CLI") {
  const Fault denied = fault_of(
      "\nAn error occurred (UnauthorizedOperation) when calling the ReplaceRoute operation: You "
      "are "
      "not authorized to perform this operation. User: arn:aws:iam::1:user/u is not authorized to "
      "perform: ec2:ReplaceRoute on resource: arn:x because <none> & no other.\n");
  CHECK(denied.code == "UnauthorizedOperation");
  CHECK(denied.message.ends_with("because <none> & no other."));
  CHECK(code_of(denied) == Code::denied);
  const Fault throttled = fault_of(
      "An error occurred (RequestLimitExceeded) when calling the DescribeVpcs operation (reached "
      "max retries: 0): Request limit exceeded.");
  CHECK(kind_of(throttled) == FaultKind::throttled);
  CHECK(throttled.message == "Request limit exceeded.");
  CHECK(fault_of("aws: [ERROR]: An error occurred (DryRunOperation) when calling the StopInstances "
                 "operation: Request would have succeeded, but DryRun flag is set.")
            .code == "DryRunOperation");
  CHECK(kind_of(fault_of("An error occurred (503) when calling the X operation: Bad Gateway")) ==
        FaultKind::transient);
}

TEST_CASE("without credentials nothing was sent, and it is a refusal") {
  const Fault fault = fault_of(
      "Unable to locate credentials. You can configure credentials by running \"aws configure\".");
  CHECK(code_of(fault) == Code::denied);
  CHECK(fault.message.starts_with("Unable to locate credentials"));
}

TEST_CASE("what the network did tells whether a change may have happened") {
  const auto problem = [](const char* complaint, int exit_code = 255) {
    const auto result = failure_from_cli(any, complaint, exit_code);
    REQUIRE_FALSE(result.has_value());
    return result.error();
  };
  const auto refused = problem("Could not connect to the endpoint URL: \"http://127.0.0.1:1/\"");
  CHECK(refused.problem == HttpProblem::unreachable);
  CHECK_FALSE(refused.sent);
  const auto silent = problem("Read timeout on endpoint URL: \"http://127.0.0.1:1/\"");
  CHECK(silent.problem == HttpProblem::timed_out);
  CHECK(silent.sent);
  CHECK(problem("Traceback (most recent call last):").sent);
  CHECK(problem("aws: error: argument operation: Invalid choice", 252).problem ==
        HttpProblem::invalid);
  CHECK_FALSE(problem("Parameter validation failed:\nInvalid type").sent);
}

TEST_CASE("DynamoDB is told what its API is told, bytes as a text") {
  const auto input = [](const char* action, const char* body) {
    const Question question{.service = "dynamodb", .action = action, .body = body};
    const auto words = cli_words(question).value();
    CHECK(words[0] == "dynamodb");
    return words[1] + " " + words[3];
  };
  CHECK(input("GetItem", R"({"TableName":"t","Key":{"record":{"S":"a"}}})") ==
        R"(get-item {"TableName":"t","Key":{"record":{"S":"a"}}})");
  CHECK(
      input("PutItem", R"({"TableName":"t","Item":{"version":{"N":"7"},"value":{"B":"AQI="}}})") ==
      R"(put-item {"TableName":"t","Item":{"version":{"N":"7"},"value":{"S":"AQI="}}})");
}

TEST_CASE("DynamoDB's complaints have its own form, and nothing found is an empty object") {
  const Question question{.service = "dynamodb", .action = "PutItem"};
  const auto result = failure_from_cli(
      question,
      "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The "
      "conditional request failed",
      254);
  REQUIRE(result.has_value());
  CHECK(result->status == 400);
  CHECK(
      result->body ==
      R"({"__type":"ConditionalCheckFailedException","message":"The conditional request failed"})");
  CHECK(reply_from_cli(question, "\n").value() == "{}");
  CHECK(reply_from_cli(question, R"({"Item":{"version":{"N":"7"}}})").value() ==
        R"({"Item":{"version":{"N":"7"}}})");
}

}  // namespace
}  // namespace mainstay::aws
