// Doing what a finding offers to have done.
#pragma once

#include "base/task.h"
#include "doctor/finding.h"
#include "ports/aws_survey.h"

namespace mainstay::doctor {

// That it was done by somebody else meanwhile is success.
Task<Status> repair(Repair what, AwsSurvey& survey, Call call);

}  // namespace mainstay::doctor
