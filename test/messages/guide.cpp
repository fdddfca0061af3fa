// The messages of the guide's chapter 8. 99 is not among them: it says that Python or the AWS CLI
// is missing, of which neither is needed (see messages_test.cpp).
#include "messages/rows.h"

namespace mainstay::bench {

const std::vector<GuideMessage>& guide_messages() {
  static const std::vector<GuideMessage> all = {
      {"awsvip", 5, "the AWS CLI command failed."},
      {"awsvip", 5, "The vpc ID '"},
      {"awsvip", 5, "The networkInterface ID '"},
      {"awsvip", 6, "Timeout occurred."},
      {"awsvip", 7, "The VIP address belongs to a VPC subnet."},
      {"awsvip", 0, "Source/Dest. Check"},
      {"awsvipw", 8, "The routing for VIP was changed."},
      {"awseip", 5, "the AWS CLI command failed."},
      {"awseip", 5, "The allocation ID '"},
      {"awseip", 5, "The networkInterface ID '"},
      {"awseip", 6, "Timeout occurred."},
      {"awseipw", 7, "The EIP address does not exist."},
      {"awsdns", 5, "AWS CLI command failed."},
      {"awsdns", 5, "No hosted zone found with ID: "},
      {"awsdns", 6, "Timeout occurred."},
      {"awsdnsw", 7, "The resource record set does not exist in Amazon Route 53."},
      {"awsdnsw", 8,
       "The different IP address from the setting value is registered in the resource record set."},
      {"awsdnsw", 9, "Failed to check name resolution."},
      {"awsdnsw", 10,
       "The IP address obtained by the DNS name resolution is different from the setting value."},
      {"awsazw", 105, "the AWS CLI command failed."},
      {"awsazw", 5, "the AWS CLI command failed."},
      {"awsazw", 105, "Invalid availability zone: ["},
      {"awsazw", 5, "Invalid availability zone: ["},
      {"awsazw", 106, "Timeout occurred."},
      {"awsazw", 6, "Timeout occurred."},
  };
  return all;
}

}  // namespace mainstay::bench
