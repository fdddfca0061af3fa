// Operating errors are values. A code exists because some caller does something different for it;
// the rest is message.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mainstay {

enum class Code {
  invalid,          // the request itself is wrong; trying again cannot help
  not_found,        // what was named does not exist
  conflict,         // somebody else changed it first, or it is in a state that forbids this
  denied,           // not authenticated or not permitted
  throttled,        // asked too often; later it may work
  timed_out,        // no answer in time, and nothing can have happened
  outcome_unknown,  // no answer, and it may have happened: verify, then decide. Not a failure.
  unavailable,      // the other side is out of reach or out of order
  corrupt,          // data does not check out
  cancelled,        // we gave up on purpose
};

std::string_view to_text(Code code);

// A message names the thing, the fact, and the remedy if one is known.
struct Error {
  Code code;
  std::string message;
  // The number of the guide's chapter 8 where the problem has one (5, 6, 7, 8, 99 ...), else 0.
  int number = 0;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> failure(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace mainstay
