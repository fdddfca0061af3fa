// The instance metadata service, version 2: who this instance is, and its role's credentials.
//
// It is always asked directly, never through a proxy: a proxy would answer for itself.
#pragma once

#include <string>

#include "adapters/aws/credentials.h"
#include "adapters/http/http.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/aws.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay::aws {

inline constexpr std::string_view metadata_address = "http://169.254.169.254";
inline constexpr std::string_view metadata_address_ipv6 = "http://[fd00:ec2::254]";

class Metadata {
 public:
  // `endpoint` without a path, or "" if the service must not be asked.
  Metadata(Clock& clock, HttpSend http, std::string endpoint);

  // What is at this path below /latest/. not_found: nothing is there (which can be the answer).
  // unavailable, timed_out: the service is out of reach. denied: it is turned off.
  Task<Result<std::string>> read(std::string path, Call call);
  Task<Result<AwsIdentity>> identity(Call call);
  // Of the instance's role. not_found: it has none, or there is no such service here.
  Task<Result<Credentials>> role_credentials(Call call);

 private:
  Task<Result<std::string>> read_once(const std::string& path, Call call);
  Task<Result<std::string>> token(Call call);
  Task<Result<AwsInterface>> interface(const std::string& mac, Call call);

  Clock& clock_;
  HttpSend http_;
  std::string endpoint_;
  std::string token_;
  Instant token_until_{};
};

}  // namespace mainstay::aws
