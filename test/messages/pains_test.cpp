// What has hurt the users of other products, and shows only where addresses and packets are real:
// by the numbers of docs/pains.md.
#include <doctest/doctest.h>

#include "messages/fixture.h"

namespace mainstay::bench {
namespace {

Row of(std::string_view type, std::string_view params) {
  return {.story = "", .type = type, .params = params, .sentence = "", .names = {}};
}

}  // namespace

TEST_CASE("C1.21: a standby that has another Elastic IP takes the group's, and loses the other") {
  Stage stage(Pattern::eip);
  const std::string eni = stage.filled("{eni1}");
  const std::string other =
      stage.shell("server2",
                  "ID=$(aws ec2 allocate-address --query AllocationId --output text) && "
                  "aws ec2 associate-address --allocation-id $ID --network-interface-id " +
                      eni + " > /dev/null && echo -n $ID");
  Row row = of("awseip", "allocation_id = \"{allocation}\"\neni_id = \"{eni1}\"\n");
  CHECK(stage.play(row).back() == "started");
  const std::string left =
      stage.shell("server2",
                  "aws ec2 describe-addresses --output text --query Addresses[].NetworkInterfaceId "
                  "--allocation-ids " +
                      other);
  CHECK(left.find(eni) == std::string::npos);
}

TEST_CASE("C1.26: a way to the endpoint that leads through the other zone is as good as any") {
  Stage stage(Pattern::vip);
  Row row = of("awsvip", "ip = \"10.1.0.20\"\nvpc_id = \"{vpc}\"\n");
  row.spoil = {"fault freeze nat1",
               "server2: aws ec2 replace-route --route-table-id {table:Private-A} "
               "--destination-cidr-block 0.0.0.0/0 --network-interface-id {nat2}"};
  CHECK(stage.play(row).back() == "started");
}

}  // namespace mainstay::bench
