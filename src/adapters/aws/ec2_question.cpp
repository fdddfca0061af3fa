#include "adapters/aws/ec2_question.h"

#include <fmt/format.h>

namespace mainstay::aws {
namespace {

constexpr std::string_view api_version = "2016-11-15";

}  // namespace

Question ec2_question(std::string action, std::string subject, Effect effect,
                      Parameters parameters) {
  Parameters form = {{"Action", action}, {"Version", std::string(api_version)}};
  form.insert(form.end(), parameters.begin(), parameters.end());
  return {.service = "ec2",
          .action = std::move(action),
          .subject = std::move(subject),
          .effect = effect,
          .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = encode_parameters(form)};
}

Status accepted(const Status& parsed, std::string_view what) {
  if (parsed) return {};
  return failure(Code::outcome_unknown, fmt::format("{}: {}; it may or may not have happened", what,
                                                    parsed.error().message));
}

}  // namespace mainstay::aws
