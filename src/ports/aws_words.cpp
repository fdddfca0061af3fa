#include "ports/aws_words.h"

#include <fmt/format.h>

namespace mainstay {

std::unexpected<Error> numbered(Code code, int number, std::string message) {
  return std::unexpected(Error{code, std::move(message), number});
}

bool no_answer(const Error& error) {
  return error.code == Code::timed_out || error.code == Code::outcome_unknown ||
         error.code == Code::unavailable;
}

Error aws_error(const Error& error, const std::string& what, std::string_view sentence) {
  if (error.code == Code::cancelled) return error;
  if (no_answer(error)) {
    return {error.code, fmt::format("Timeout occurred. {}: {}", what, error.message),
            number_timeout};
  }
  if (error.code == Code::not_found) {
    return {error.code, fmt::format("{} ({})", error.message, what), number_aws_failed};
  }
  return {error.code, fmt::format("{} {}: {}", sentence, what, error.message), number_aws_failed};
}

bool is_final(const Error& error) {
  return error.code == Code::denied || error.code == Code::invalid ||
         error.code == Code::not_found || error.code == Code::cancelled;
}

}  // namespace mainstay
