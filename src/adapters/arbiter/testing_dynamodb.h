// DynamoDB's adapter, by either back end, held to the contract of the port: for its tests.
#pragma once

#include <string>
#include <vector>

#include "adapters/aws/connection.h"

namespace mainstay::dynamodb {

// The broken clauses. A tenth of the limit must be enough for one question.
std::vector<std::string> broken_dynamodb_clauses(aws::Backend backend, Duration call_limit);

}  // namespace mainstay::dynamodb
