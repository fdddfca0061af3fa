// What can be wrong with an Elastic IP address and its monitor.
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view eip =
    "allocation_id = \"{allocation}\"\n[resource.node.server1]\neni_id = \"{eni1}\"\n"
    "[resource.node.server2]\neni_id = \"{eni2}\"\n";
constexpr std::string_view failed = "the AWS CLI command failed.";

}  // namespace

std::vector<Row> rows_of_elastic_ip() {
  return {
      {.story = "no IAM role is set to the instance",
       .type = "awseip",
       .params = eip,
       .spoil = {"fault role server1 none"},
       .number = 5,
       .sentence = failed,
       .names = {"the instance has no IAM role"},
       .mend = {"fault role server1 ha-node"}},
      {.story = "the access key is not correct",
       .type = "awseip",
       .params = eip,
       .number = 5,
       .sentence = failed,
       .names = {"access key"},
       .before = {"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wrong"}},
      {.story = "the role lacks a permission",
       .type = "awseip",
       .params = eip,
       .spoil = {"fault deny ha-node ec2:AssociateAddress"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do ec2:AssociateAddress"},
       .mend = {"fault permit ha-node ec2:AssociateAddress"}},
      {.story = "the allocation ID is of no address",
       .type = "awseip",
       .params = "allocation_id = \"eipalloc-0fedcba9876543210\"\n",
       .number = 5,
       .sentence = "The allocation ID 'eipalloc-0fedcba9876543210' does not exist",
       .names = {"eipalloc-0fedcba9876543210"}},
      {.story = "the ENI ID is of no network interface",
       .type = "awseip",
       .params = "allocation_id = \"{allocation}\"\neni_id = \"eni-0fedcba9876543210\"\n",
       .number = 5,
       .sentence = "The networkInterface ID 'eni-0fedcba9876543210' does not exist",
       .names = {"eni-0fedcba9876543210"}},
      {.story = "the instance has no way to the endpoint",
       .type = "awseip",
       .params = eip,
       .spoil = {"fault cut server1 aws"},
       .number = 6,
       .sentence = "Timeout occurred.",
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "EC2 does not show the address where it was put",
       .type = "awseip",
       .params = eip,
       .spoil = {"fault api stale 60s --action DescribeAddresses"},
       .number = 7,
       .sentence = "The EIP address does not exist.",
       .names = {"{allocation}", "check whether another cluster uses this allocation ID"}},
      {.story = "somebody disassociates the address",
       .type = "awseipw",
       .params = eip,
       .spoil = {"server2: aws ec2 disassociate-address --association-id $(aws ec2 "
                 "describe-addresses --allocation-ids {allocation} --output text --query "
                 "Addresses[0].AssociationId)"},
       .number = 7,
       .sentence = "The EIP address does not exist.",
       .names = {"is associated with nothing, not with {eni1}"}},
      {.story = "somebody associates the address with another instance",
       .type = "awseipw",
       .params = eip,
       .spoil = {"server2: aws ec2 associate-address --allow-reassociation --allocation-id "
                 "{allocation} --network-interface-id {eni2}"},
       .number = 7,
       .sentence = "The EIP address does not exist.",
       .names = {"is associated with {eni2}", "not with {eni1}"}},
  };
}

}  // namespace mainstay::bench
