// What can be wrong with a zone, and what is announced to an instance.
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view here = "zone = \"ap-northeast-1a\"\n";
constexpr std::string_view recovers = "zone = \"ap-northeast-1a\"\non_unknown = \"recover\"\n";
constexpr std::string_view failed = "the AWS CLI command failed.";

std::vector<Row> of_the_zone() {
  return {
      {.story = "no IAM role is set to the instance",
       .type = "awsazw",
       .params = here,
       .spoil = {"fault role server1 none"},
       .number = 105,
       .sentence = failed,
       .names = {"the instance has no IAM role"},
       .mend = {"fault role server1 ha-node"}},
      {.story = "the role lacks a permission, and no answer is to count",
       .type = "awsazw",
       .params = recovers,
       .spoil = {"fault deny ha-node ec2:DescribeAvailabilityZones"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do ec2:DescribeAvailabilityZones"},
       .mend = {"fault permit ha-node ec2:DescribeAvailabilityZones"}},
      {.story = "the zone is written wrongly",
       .type = "awsazw",
       .params = "zone = \"ap-northeast-1x\"\n",
       .number = 105,
       .sentence = "Invalid availability zone: [ap-northeast-1x]",
       .names = {"Correct \"zone\" of this node"}},
      {.story = "the zone is written wrongly, and no answer is to count",
       .type = "awsazw",
       .params = "zone = \"ap-northeast-1x\"\non_unknown = \"recover\"\n",
       .number = 5,
       .sentence = "Invalid availability zone: [ap-northeast-1x]",
       .names = {"Correct \"zone\" of this node"}},
      {.story = "the instance for NAT does not run",
       .type = "awsazw",
       .params = here,
       .spoil = {"fault freeze nat1"},
       .number = 106,
       .sentence = "Timeout occurred.",
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "the packets are filtered, and no answer is to count",
       .type = "awsazw",
       .params = recovers,
       .spoil = {"fault cut server1 aws"},
       .number = 6,
       .sentence = "Timeout occurred.",
       .names = {"ec2.ap-northeast-1.amazonaws.com: no connection within"}},
      {.story = "the zone is impaired",
       .type = "awsazw",
       .params = here,
       .spoil = {"fault zone ap-northeast-1a impaired power is failing"},
       .number = 107,
       .sentence = "The availability zone is impaired.",
       .names = {"ap-northeast-1a", "power is failing"}},
      {.story = "the zone is unavailable",
       .type = "awsazw",
       .params = here,
       .spoil = {"fault zone ap-northeast-1a unavailable the power is gone"},
       .number = 8,
       .sentence = "The availability zone is unavailable.",
       .names = {"ap-northeast-1a", "the power is gone"}},
  };
}

std::vector<Row> of_notices() {
  return {
      {.story = "the metadata service is turned off",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault imds refuse server1"},
       .number = 105,
       .sentence = failed,
       .names = {"403"}},
      {.story = "the metadata service does not answer",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault imds outage server1"},
       .number = 106,
       .sentence = "Timeout occurred.",
       .names = {"metadata"}},
      {.story = "a Spot interruption is announced",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault notice server1 spot terminate"},
       .number = 7,
       .sentence = "The Spot Instance will be interrupted.",
       .names = {"terminate"}},
      {.story = "a rebalance is recommended",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault notice server1 rebalance"},
       .number = 8,
       .sentence = "The interruption of the Spot Instance has become likely.",
       .names = {"rebalance recommendation"}},
      {.story = "a maintenance is near",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault notice server1 maintenance system-reboot 10min"},
       .number = 9,
       .sentence = "AWS will service the instance.",
       .names = {"system-reboot"}},
      {.story = "a maintenance is far",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault notice server1 maintenance instance-stop 100h"},
       .number = 109,
       .sentence = "AWS will service the instance.",
       .names = {"instance-stop"}},
      {.story = "Auto Scaling takes the instance out",
       .type = "awsnoticew",
       .params = "",
       .spoil = {"fault notice server1 lifecycle Terminated"},
       .number = 10,
       .sentence = "Auto Scaling ends the instance.",
       .names = {"Terminated"}},
  };
}

}  // namespace

std::vector<Row> rows_of_zone() {
  std::vector<Row> rows = of_the_zone();
  for (const Row& row : of_notices()) rows.push_back(row);
  return rows;
}

}  // namespace mainstay::bench
