// The fields of everything that is not a type: nodes, timing, groups, what all resources share ...
// Read by the parser, the printer and the reference page.
#pragma once

#include <vector>

#include "config/field.h"
#include "config/model.h"

namespace mainstay {

// Keys at the top of the document, before the first table.
const std::vector<Field>& cluster_fields();
const std::vector<Field>& node_fields();
const std::vector<Field>& path_fields();
const std::vector<Field>& ports_fields();
const std::vector<Field>& timing_fields();
const std::vector<Field>& arbitration_fields();
// [arbitration] arbiter = ..., of ArbiterConfig.
const std::vector<Field>& arbiter_fields();
// [arbitration.dynamodb] and [arbitration.etcd], of DynamoDbConfig and EtcdConfig.
const std::vector<Field>& dynamodb_fields();
const std::vector<Field>& etcd_fields();
const std::vector<Field>& reachability_fields();
const std::vector<Field>& forced_stop_fields();
// sections_return.cpp
const std::vector<Field>& return_fields();
const std::vector<Field>& reboot_limit_fields();
const std::vector<Field>& shutdown_fields();
// sections_aws.cpp
const std::vector<Field>& aws_fields();
const std::vector<Field>& group_fields();
const std::vector<Field>& resource_fields();
const std::vector<Field>& monitor_fields();
const std::vector<Field>& recovery_fields();

}  // namespace mainstay
