// What of a configuration the doctor looks at, as it is on this node: its resources that act on
// AWS.
#pragma once

#include "config/model.h"
#include "doctor/facts.h"

namespace mainstay::doctor {

// Fills in vips, eips, sips and names. The node's identity must be known as far as it can be.
void add_subjects(const ClusterConfig& config, Facts& facts);

}  // namespace mainstay::doctor
