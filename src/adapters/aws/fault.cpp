#include "adapters/aws/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mainstay::aws {
namespace {

constexpr std::size_t sentence_size_max = 400;

template <std::size_t n>
bool is_one_of(std::string_view code, const std::array<std::string_view, n>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 14> throttle_codes = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException"};

constexpr std::array<std::string_view, 6> transient_codes = {
    "RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure",
    "Unavailable",    "ServiceUnavailable"};

constexpr std::array<std::string_view, 6> clock_codes = {
    "RequestExpired",        "RequestTimeTooSkewed",      "RequestInTheFuture",
    "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"};

constexpr std::array<std::string_view, 4> expired_codes = {
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"};

constexpr std::array<std::string_view, 10> denied_codes = {
    "UnauthorizedOperation",       "AccessDenied",  "AccessDeniedException",
    "AccessDeniedFault",           "OptInRequired", "MissingAuthenticationToken",
    "IncompleteSignature",         "Blocked",       "MissingAuthenticationTokenException",
    "IncompleteSignatureException"};

constexpr std::array<std::string_view, 7> conflict_codes = {
    "IncorrectInstanceState", "IncorrectState",     "DependencyViolation",
    "UnsupportedOperation",   "RouteAlreadyExists", "ConditionalRequestConflict",
    "OperationNotPermitted"};

bool is_conflict(std::string_view code) {
  return is_one_of(code, conflict_codes) || code.ends_with(".InUse") ||
         code.ends_with("AlreadyExists") || code.ends_with("AlreadyAssociated") ||
         code.ends_with(".Duplicate");
}

// Without the blob that only AWS can read, without the full stop, and no longer than a person
// reads.
std::string_view trimmed(std::string_view sentence) {
  sentence =
      sentence.substr(0, std::min(sentence.find("Encoded authorization"), sentence_size_max));
  while (sentence.ends_with('.') || sentence.ends_with(' ')) sentence.remove_suffix(1);
  return sentence;
}

// Up to the next white space, without the sentence's own full stop.
std::string_view word_after(std::string_view text, std::string_view marker) {
  const auto begin = text.find(marker);
  if (begin == std::string_view::npos) return {};
  std::string_view word = text.substr(begin + marker.size());
  word = word.substr(0, word.find_first_of(" \t\r\n"));
  while (word.ends_with('.') || word.ends_with(',')) word.remove_suffix(1);
  return word;
}

std::string denied_sentence(const Fault& fault, std::string_view action, std::string_view subject) {
  const auto user = word_after(fault.message, "User: ");
  const auto named_action = word_after(fault.message, "not authorized to perform: ");
  const auto named_resource = word_after(fault.message, "on resource: ");
  const bool explicitly = fault.message.find("explicit deny") != std::string::npos;
  return fmt::format("{} is not permitted to do {} on {}. {}",
                     user.empty() ? "this node's AWS identity" : user,
                     named_action.empty() ? action : named_action,
                     named_resource.empty() ? subject : named_resource,
                     explicitly ? "A policy denies it explicitly: remove that statement."
                                : "Add the action to the policy of its IAM role.");
}

// What a person can do about it; "" where AWS's own sentence says enough.
std::string_view remedy_of(const Fault& fault) {
  if (is_one_of(fault.code, expired_codes)) return ". Renew the credentials.";
  if (fault.code == "SignatureDoesNotMatch" || fault.code == "AuthFailure") {
    return ". Check the secret access key, and this node's clock.";
  }
  if (is_one_of(fault.code, clock_codes)) {
    return ". Check this node's clock, and whether its credentials have expired.";
  }
  return "";
}

bool is_permission(const Fault& fault) {
  return fault.code == "UnauthorizedOperation" || fault.code.starts_with("AccessDenied");
}

}  // namespace

FaultKind kind_of(const Fault& fault) {
  if (is_one_of(fault.code, throttle_codes) || fault.status == 429) return FaultKind::throttled;
  if (is_one_of(fault.code, clock_codes)) return FaultKind::clock;
  if (is_one_of(fault.code, expired_codes)) return FaultKind::expired;
  if (is_one_of(fault.code, transient_codes) || fault.status >= 500) return FaultKind::transient;
  return FaultKind::final;
}

Code code_of(const Fault& fault) {
  switch (kind_of(fault)) {
    case FaultKind::throttled:
      return Code::throttled;
    case FaultKind::transient:
      return Code::unavailable;
    case FaultKind::clock:
    case FaultKind::expired:
      return Code::denied;
    case FaultKind::final:
      break;
  }
  if (is_one_of(fault.code, denied_codes)) return Code::denied;
  if (fault.code.ends_with("NotFound") || fault.code.starts_with("NoSuch")) return Code::not_found;
  if (is_conflict(fault.code)) return Code::conflict;
  if (fault.code.empty() && (fault.status == 401 || fault.status == 403)) return Code::denied;
  if (fault.code.empty() && fault.status == 404) return Code::not_found;
  return Code::invalid;
}

std::string sentence_of(const Fault& fault, std::string_view action, std::string_view subject) {
  if (is_permission(fault)) return denied_sentence(fault, action, subject);
  const std::string_view sentence = fault.message;
  if (fault.code.empty()) return fmt::format("HTTP status {}", fault.status);
  return fmt::format("{} ({}){}", trimmed(sentence), fault.code, remedy_of(fault));
}

}  // namespace mainstay::aws
