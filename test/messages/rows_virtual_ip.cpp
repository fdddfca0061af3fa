// What can be wrong with a virtual IP address, its routes and the way to EC2.
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view vip =
    "ip = \"10.1.0.20\"\nvpc_id = \"{vpc}\"\n[resource.node.server1]\neni_id = \"{eni1}\"\n"
    "[resource.node.server2]\neni_id = \"{eni2}\"\n";
constexpr std::string_view failed = "the AWS CLI command failed.";
constexpr std::string_view timeout = "Timeout occurred.";

// The server's way to the endpoint, in the order of the guide's advice.
std::vector<Row> out_of_reach() {
  return {
      {.story = "the instance for NAT does not run",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault freeze nat1"},
       .number = 6,
       .sentence = timeout,
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "the routing for the NAT instance is not set up",
       .type = "awsvip",
       .params = vip,
       .spoil = {"server2: aws ec2 delete-route --route-table-id {table:Private-A} "
                 "--destination-cidr-block 0.0.0.0/0"},
       .number = 6,
       .sentence = timeout,
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"},
       .mend = {"server2: aws ec2 create-route --route-table-id {table:Private-A} "
                "--destination-cidr-block 0.0.0.0/0 --network-interface-id {nat1}"}},
      {.story = "the packets are filtered",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault cut server1 aws"},
       .number = 6,
       .sentence = timeout,
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "the endpoint takes the call and does not answer",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault api outage"},
       .number = 6,
       .sentence = timeout,
       .names = {"ec2.ap-northeast-1.amazonaws.com: no answer within"}},
      {.story = "no metadata service",
       .type = "awsvip",
       .params = "aws_timeout = \"5s\"\nip = \"10.1.0.20\"\nvpc_id = \"{vpc}\"\n"
                 "eni_id = \"{eni1}\"\ninterface = \"eth0\"\n",
       .spoil = {"fault imds outage server1"},
       .number = 6,
       .sentence = timeout,
       .names = {"the instance metadata service does not answer"}},
  };
}

std::vector<Row> refused() {
  return {
      {.story = "no IAM role is set to the instance",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault role server1 none"},
       .number = 5,
       .sentence = failed,
       .names = {"the instance has no IAM role"},
       .mend = {"fault role server1 ha-node"}},
      {.story = "nothing was ever configured, and the metadata service is not to be asked",
       .type = "awsvip",
       .params = vip,
       .number = 5,
       .sentence = failed,
       .names = {"AWS_EC2_METADATA_DISABLED"},
       .before = {"AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=ap-northeast-1"}},
      {.story = "the profile that is named was made by another user",
       .type = "awsvip",
       .params = vip,
       .number = 5,
       .sentence = failed,
       .names = {"AWS_PROFILE names 'night'", "~/.aws/config"},
       .before = {"AWS_PROFILE=night"}},
      {.story = "the access key is not correct",
       .type = "awsvip",
       .params = vip,
       .number = 5,
       .sentence = failed,
       .names = {"access key"},
       .before = {"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wrong"}},
      {.story = "the region is not correct",
       .type = "awsvip",
       .params = vip,
       .number = 6,
       .sentence = timeout,
       .names = {"ec2.eu-nowhere-9.amazonaws.com"},
       .before = {"AWS_REGION=eu-nowhere-9"}},
      {.story = "the role lacks a permission to change",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault deny ha-node ec2:ReplaceRoute"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do ec2:ReplaceRoute", ":route-table/"},
       .mend = {"fault permit ha-node ec2:ReplaceRoute"}},
      {.story = "the role lacks a permission to look",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault deny ha-node ec2:DescribeRouteTables"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do ec2:DescribeRouteTables"},
       .mend = {"fault permit ha-node ec2:DescribeRouteTables"}},
      {.story = "the role's credentials have expired and no new ones come",
       .type = "awsvip",
       .params = vip,
       .spoil = {"fault credentials expire server1 --stuck"},
       .number = 5,
       .sentence = failed,
       .names = {"whether its credentials have expired"},
       .mend = {"fault credentials refresh server1"}},
  };
}

std::vector<Row> wrongly_configured() {
  return {
      {.story = "the VPC ID is of no VPC",
       .type = "awsvip",
       .params = "ip = \"10.1.0.20\"\nvpc_id = \"vpc-0fedcba9876543210\"\n",
       .number = 5,
       .sentence = "The vpc ID 'vpc-0fedcba9876543210' does not exist",
       .names = {"vpc-0fedcba9876543210"}},
      {.story = "the ENI ID is of no network interface",
       .type = "awsvip",
       .params = "ip = \"10.1.0.20\"\neni_id = \"eni-0fedcba9876543210\"\nvpc_id = \"{vpc}\"\n"
                 "interface = \"eth0\"\n",
       .number = 5,
       .sentence = "The networkInterface ID 'eni-0fedcba9876543210' does not exist",
       .names = {"eni-0fedcba9876543210"}},
      {.story = "the VIP lies inside the VPC",
       .type = "awsvip",
       .params = "ip = \"10.0.110.77\"\nvpc_id = \"{vpc}\"\n",
       .number = 7,
       .sentence = "The VIP address belongs to a VPC subnet.",
       .names = {"10.0.110.77 lies in 10.0.0.0/16 of {vpc}", "Choose an address outside"}},
      {.story = "the interface does not exist",
       .type = "awsvip",
       .params =
           "ip = \"10.1.0.20\"\nvpc_id = \"{vpc}\"\neni_id = \"{eni1}\"\ninterface = \"eth9\"\n",
       .number = 8,
       .sentence = "Failed to add the VIP address.",
       .names = {"eth9"}},
      {.story = "the daemon may not change the interface",
       .type = "awsvip",
       .params = vip,
       .spoil = {"server1: ip addr add 10.1.0.20/32 dev eth0"},
       .number = 9,
       .sentence = "Failed to delete the VIP address.",
       .names = {"10.1.0.20 on eth0", "CAP_NET_ADMIN"},
       .before = {"setpriv", "--bounding-set=-net_admin"},
       .verb = "deactivate"},
      {.story = "no route table has a route for the VIP",
       .type = "awsvip",
       .params = "ip = \"10.1.0.99\"\nvpc_id = \"{vpc}\"\n",
       .number = 11,
       .sentence = "There is no route for the VIP address.",
       .names = {"10.1.0.99/32", "{vpc}", "Add it, with {eni1} as its target"}},
      {.story = "Source/Dest. Check is enabled",
       .type = "awsvip",
       .params = vip,
       .spoil = {"server2: aws ec2 modify-network-interface-attribute --source-dest-check "
                 "--network-interface-id {eni1}"},
       .number = 0,
       .sentence = "Source/Dest. Check of {eni1} is enabled",
       .names = {"10.1.0.20", "Disable it"},
       .mend = {"server2: aws ec2 modify-network-interface-attribute --no-source-dest-check "
                "--network-interface-id {eni1}"}},
  };
}

std::vector<Row> of_the_monitor() {
  return {
      {.story = "somebody points one route elsewhere",
       .type = "awsvipw",
       .params = vip,
       .spoil = {"server2: aws ec2 replace-route --route-table-id {table:Private-B} "
                 "--destination-cidr-block 10.1.0.20/32 --network-interface-id {eni2}"},
       .number = 8,
       .sentence = "The routing for VIP was changed.",
       .names = {"{table:Private-B}", "(Private-B) sends 10.1.0.20 to {eni2}, not to {eni1}"}},
      {.story = "somebody removes the address from the interface",
       .type = "awsvipw",
       .params = vip,
       .spoil = {"server1: ip addr del 10.1.0.20/32 dev eth0"},
       .number = 7,
       .sentence = "The VIP address does not exist.",
       .names = {"10.1.0.20"}},
  };
}

}  // namespace

std::vector<Row> rows_of_virtual_ip() {
  std::vector<Row> rows = out_of_reach();
  for (const auto& more : {refused(), wrongly_configured(), of_the_monitor()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace mainstay::bench
