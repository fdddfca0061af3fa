// What `mainstay iam-policy` and `mainstay api-budget` print.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "config/api_budget.h"
#include "config/iam_policy.h"

namespace mainstay::cli {

// An IAM policy document; over many lines for people and files, on one for programs.
enum class JsonForm { lines, line };
std::string policy_document(const std::vector<PolicyStatement>& statements, JsonForm form);

std::string render_budget(const ApiBudget& budget, const Style& style);
std::string budget_json(const ApiBudget& budget);

}  // namespace mainstay::cli
