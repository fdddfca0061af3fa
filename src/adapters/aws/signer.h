// AWS Signature Version 4: proves to AWS who asks, and that nobody changed the question.
#pragma once

#include <string>

#include "adapters/aws/credentials.h"
#include "adapters/http/http.h"
#include "base/time.h"

namespace mainstay::aws {

struct SigningScope {
  std::string region;
  std::string service;  // "ec2", "route53", "s3" ...
};

// Adds Host, X-Amz-Date, Authorization and, where they belong, X-Amz-Security-Token and
// X-Amz-Content-Sha256. Every header already there is signed, but for those that proxies change.
// The URL is signed as it will be sent; a '+' in its query means a space. The request's URL must be
// one that parse_url takes.
void sign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now);

// The text whose hash is signed: for tests, and to compare with AWS's idea of it. `payload_hash` is
// in hex.
struct CanonicalRequest {
  std::string text;
  std::string signed_headers;
};
CanonicalRequest canonical_request(const HttpRequest& request, const std::string& service,
                                   const std::string& payload_hash);

}  // namespace mainstay::aws
