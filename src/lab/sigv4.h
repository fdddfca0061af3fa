// AWS Signature Version 4: signing a request and checking one. Pure; the clock is an argument.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lab/http.h"

namespace mainstay::lab {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // empty: a key that never ends
  std::int64_t expires_ms = 0;     // wall time; 0: never
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct SignedScope {
  std::string region;
  std::string service;
  friend bool operator==(const SignedScope&, const SignedScope&) = default;
};

// What AWS answers instead of doing what was asked.
struct AwsError {
  int status = 400;
  std::string code;
  std::string message;
  friend bool operator==(const AwsError&, const AwsError&) = default;
};

// What a good signature tells.
struct Signature {
  std::string access_key;
  SignedScope scope{};
};

using FindCredentials = std::function<const Credentials*(std::string_view access_key)>;

inline constexpr std::int64_t clock_skew_max_ms = 5 * 60 * 1000;

std::expected<Signature, AwsError> verify(const HttpRequest& request, const FindCredentials& find,
                                          std::int64_t now_ms);

// Adds x-amz-date, x-amz-security-token and authorization. The host header must be there.
void sign(HttpRequest& request, const Credentials& credentials, const SignedScope& scope,
          std::int64_t now_ms);

std::string sha256_hex(std::string_view text);

}  // namespace mainstay::lab
