// Between Route 53's REST API and the AWS CLI: see cli_words.h.
#pragma once

#include <string>
#include <string_view>

#include "adapters/aws/client.h"
#include "base/result.h"

namespace mainstay::aws {

// What stands in the path, the query and the document, as JSON for --cli-input-json. invalid: the
// question is none of ours.
Result<std::string> route53_input(const Question& question);
// corrupt: it is no JSON.
Result<std::string> route53_reply(const Question& question, std::string_view json);

}  // namespace mainstay::aws
