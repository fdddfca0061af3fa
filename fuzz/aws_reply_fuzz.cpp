// What comes back from AWS's endpoints, or from whoever sits there instead: XML of EC2 and STS,
// JSON of the metadata service.
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/fault.h"
#include "adapters/aws/notices.h"
#include "adapters/aws/role_document.h"
#include "adapters/aws/route53_reply.h"
#include "adapters/aws/sts.h"
#include "base/check.h"

using namespace mainstay;
using namespace mainstay::aws;

namespace {

// Whatever is understood has been named: an answer about nobody would be believed of somebody.
void check_sentence(const Fault& fault) {
  MAINSTAY_CHECK(!sentence_of(fault, "ec2:Action", "subject").empty());
  MAINSTAY_CHECK(code_of(fault) != Code::outcome_unknown);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = parse_route_tables(text)) {
    MAINSTAY_CHECK(text.find("DescribeRouteTablesResponse") != std::string_view::npos);
  }
  if (const auto cidrs = parse_vpc_cidrs(text)) {
    for (const auto& cidr : *cidrs) MAINSTAY_CHECK(!cidr.empty());
  }
  if (const auto instances = parse_instances(text)) {
    for (const auto& status : *instances) {
      MAINSTAY_CHECK(status.state <= InstanceState::terminated);
    }
  }
  for (const auto& status : {parse_return(text), parse_told(text, "StopInstances", "i-1")}) {
    MAINSTAY_CHECK(status || status.error().code == Code::corrupt);
  }
  if (const auto zone = parse_hosted_zone(text)) MAINSTAY_CHECK(!zone->id.empty());
  if (const auto change = parse_change(text, "GetChange")) MAINSTAY_CHECK(!change->id.empty());
  (void)parse_records(text);
  (void)parse_addresses(text);
  (void)parse_zones(text);
  (void)parse_instance_action(text);
  (void)parse_rebalance(text);
  (void)parse_maintenance(text);
  if (const auto interfaces = parse_network_interfaces(text)) {
    MAINSTAY_CHECK(interfaces->size() <= size);
  }
  check_sentence(parse_fault(400, text));
  for (const auto& credentials : {parse_assume_role(text), parse_role_document(text, "it")}) {
    MAINSTAY_CHECK(!credentials || !credentials->secret_key.empty());
  }
  return 0;
}
