// What the metadata service announces: the end of a Spot Instance, maintenance, the end of its
// place in an Auto Scaling group.
#pragma once

#include <string_view>

#include "adapters/aws/metadata.h"
#include "ports/aws.h"

namespace mainstay::aws {

// Four questions; that nothing is announced is what most of them are answered.
Task<Result<std::vector<AwsNotice>>> read_notices(Metadata& metadata, Call call);

// One document each. corrupt: it is no such document.
Result<std::vector<AwsNotice>> parse_instance_action(std::string_view json);
Result<std::vector<AwsNotice>> parse_rebalance(std::string_view json);
// Those that are still to come.
Result<std::vector<AwsNotice>> parse_maintenance(std::string_view json);
std::vector<AwsNotice> parse_lifecycle(std::string_view state);

}  // namespace mainstay::aws
