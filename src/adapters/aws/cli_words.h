// Between the services' APIs and the AWS CLI: a question becomes a command with JSON, its JSON
// answer becomes the document that the API itself would have given, and its complaint becomes the
// API's fault. EC2's Query API is here, Route 53 in cli_route53.h; DynamoDB speaks the CLI's JSON.
// So both back ends share everything above: what is asked, how answers are read, how errors are
// judged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/client.h"
#include "adapters/http/http.h"
#include "base/result.h"

namespace mainstay::aws {

// "DescribeRouteTables" gives "describe-route-tables".
std::string command_of(std::string_view action);

// {"ec2", "describe-route-tables", "--cli-input-json", "{...}"}. invalid: a service whose questions
// the CLI is not asked.
Result<std::vector<std::string>> cli_words(const Question& question);

// corrupt: it is no JSON.
Result<std::string> reply_from_cli(const Question& question, std::string_view json);

// What the CLI says on its standard error, and how that is told to those who know HTTP only.
HttpResult failure_from_cli(const Question& question, std::string_view complaint, int exit_code);

// The CLI was not even asked: AWS has refused us before.
HttpResult refusal_from_cli(const Question& question, std::string_view message);

}  // namespace mainstay::aws
