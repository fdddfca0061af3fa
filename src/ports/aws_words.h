// How what AWS answers is told to people: the sentences and numbers that they search for.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay {

inline constexpr int number_aws_failed = 5;
inline constexpr int number_timeout = 6;

std::unexpected<Error> numbered(Code code, int number, std::string message);
inline constexpr std::string_view aws_failed = "the AWS CLI command failed.";
// What was tried, and what AWS said, follow the known sentence, whose words differ by type; that an
// id does not exist is said first, in AWS's own words.
Error aws_error(const Error& error, const std::string& what,
                std::string_view sentence = aws_failed);
// Nobody said anything, or nothing that means yes or no.
bool no_answer(const Error& error);
// Asking again cannot help.
bool is_final(const Error& error);

}  // namespace mainstay
