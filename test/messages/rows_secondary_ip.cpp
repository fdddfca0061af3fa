// What can be wrong with a secondary private address and its monitor.
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

// server3 is beside server1, in its subnet.
constexpr std::string_view sip =
    "ip = \"10.0.110.50\"\n[resource.node.server1]\neni_id = \"{eni1}\"\n"
    "[resource.node.server2]\neni_id = \"{eni3}\"\n";
constexpr std::string_view failed = "the AWS CLI command failed.";

}  // namespace

std::vector<Row> rows_of_secondary_ip() {
  return {
      {.story = "the role lacks a permission",
       .type = "awssip",
       .params = sip,
       .spoil = {"fault deny ha-node ec2:AssignPrivateIpAddresses"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do ec2:AssignPrivateIpAddresses"},
       .mend = {"fault permit ha-node ec2:AssignPrivateIpAddresses"}},
      {.story = "the address does not lie in the ENI's subnet",
       .type = "awssip",
       .params = "ip = \"10.0.120.50\"\neni_id = \"{eni1}\"\n",
       .number = 5,
       .sentence = failed,
       .names = {"10.0.120.50"}},
      {.story = "the address is the primary one of another interface",
       .type = "awssip",
       .params = "ip = \"{ip3}\"\neni_id = \"{eni1}\"\n",
       .number = 5,
       .sentence = failed,
       .names = {"{ip3}"}},
      {.story = "the instance for NAT does not run",
       .type = "awssip",
       .params = sip,
       .spoil = {"fault freeze nat1"},
       .number = 6,
       .sentence = "Timeout occurred.",
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "the interface does not exist",
       .type = "awssip",
       .params = "ip = \"10.0.110.50\"\neni_id = \"{eni1}\"\ninterface = \"eth9\"\n",
       .number = 8,
       .sentence = "Failed to add the secondary IP address.",
       .names = {"eth9"}},
      {.story = "the daemon may not change the interface",
       .type = "awssip",
       .params = sip,
       .spoil = {"server1: ip addr add 10.0.110.50/32 dev eth0"},
       .number = 9,
       .sentence = "Failed to delete the secondary IP address.",
       .names = {"10.0.110.50 on eth0", "CAP_NET_ADMIN"},
       .before = {"setpriv", "--bounding-set=-net_admin"},
       .verb = "deactivate"},
      {.story = "EC2 does not show the address where it was put",
       .type = "awssip",
       .params = "ip = \"10.0.110.51\"\neni_id = \"{eni1}\"\ninterface = \"eth0\"\n",
       .spoil = {"fault api stale 60s --action DescribeNetworkInterfaces"},
       .number = 8,
       .sentence = "The secondary IP address was changed.",
       .names = {"10.0.110.51", "Check whether another cluster uses this address"}},
      {.story = "somebody removes the address from the interface",
       .type = "awssipw",
       .params = sip,
       .spoil = {"server1: ip addr del 10.0.110.50/32 dev eth0"},
       .number = 7,
       .sentence = "The secondary IP address does not exist.",
       .names = {"10.0.110.50"}},
      {.story = "somebody assigns the address to another ENI",
       .type = "awssipw",
       .params = sip,
       .spoil = {"server2: aws ec2 assign-private-ip-addresses --allow-reassignment "
                 "--private-ip-addresses 10.0.110.50 --network-interface-id {eni3}"},
       .number = 8,
       .sentence = "The secondary IP address was changed.",
       .names = {"10.0.110.50 is not assigned to {eni1}"}},
  };
}

}  // namespace mainstay::bench
