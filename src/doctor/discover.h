// Reads what AWS knows of some instances and proposes a configuration for a cluster of them, so
// that no id is typed by hand.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/aws.h"
#include "ports/aws_survey.h"

namespace mainstay::doctor {

struct DiscoveryOrder {
  std::vector<std::string> instances;  // i-..., in the order of their priority
  std::string name = "cluster1";
  std::string vip;  // "" = one that some route leads to, else a free one
};

// A document that `mainstay check` accepts. conflict: the instances do not fit together.
Task<Result<std::string>> discover(DiscoveryOrder order, Aws& aws, AwsSurvey& survey, Call call);

}  // namespace mainstay::doctor
