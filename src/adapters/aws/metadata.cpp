#include "adapters/aws/metadata.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/role_document.h"
#include "adapters/aws/wait.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

constexpr int attempts_max = 3;
constexpr Duration attempt_limit = 1s;  // It is on the same machine, so to say.
constexpr Duration pause_base = 50ms;
constexpr int token_life_s = 21'600;  // the longest there is
constexpr Duration token_life = std::chrono::seconds(token_life_s);
constexpr std::size_t answer_size_max = 64 * 1024;

HttpRequest request(std::string method, std::string url, HttpHeader header) {
  HttpRequest out{.method = std::move(method), .url = std::move(url)};
  out.headers.push_back(std::move(header));
  out.connect_limit = attempt_limit;
  out.response_size_max = answer_size_max;
  return out;
}

bool is_passing(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::timed_out ||
         error.code == Code::throttled;
}

Error error_of(const HttpFailure& problem) {
  const Code code = problem.problem == HttpProblem::cancelled   ? Code::cancelled
                    : problem.problem == HttpProblem::timed_out ? Code::timed_out
                    : problem.problem == HttpProblem::invalid   ? Code::invalid
                                                                : Code::unavailable;
  return {code, fmt::format("the instance metadata service does not answer ({}). Is this an EC2 "
                            "instance with IMDSv2 turned on? Inside a container its hop limit must "
                            "be 2",
                            problem.message)};
}

Error error_of(int status, const std::string& url) {
  const Code code = status == 404                    ? Code::not_found
                    : status == 403                  ? Code::denied
                    : status == 429 || status == 503 ? Code::throttled
                    : status >= 500                  ? Code::unavailable
                                                     : Code::invalid;
  return {code, fmt::format("the instance metadata service answers {} for {}", status, url)};
}

}  // namespace

Metadata::Metadata(Clock& clock, HttpSend http, std::string endpoint)
    : clock_(clock), http_(std::move(http)), endpoint_(std::move(endpoint)) {
  while (endpoint_.ends_with('/')) endpoint_.pop_back();
}

Task<Result<std::string>> Metadata::read(std::string path, Call call) {
  if (endpoint_.empty()) {
    co_return failure(Code::not_found,
                      "the instance metadata service is not asked: AWS_EC2_METADATA_DISABLED is "
                      "true");
  }
  for (int attempt = 1;; ++attempt) {
    const Instant limit = std::min(call.deadline, clock_.now() + attempt_limit);
    const Call limited{limit, call.cancellation};
    auto answer = co_await read_once(path, limited);
    if (answer || !is_passing(answer.error()) || attempt == attempts_max) co_return answer;
    const Instant next = clock_.now() + pause_base * attempt;
    if (next >= call.deadline) co_return answer;
    if (!co_await pause_until(clock_, next, call.cancellation)) co_return answer;
  }
}

Task<Result<std::string>> Metadata::read_once(const std::string& path, Call call) {
  // A token can be refused before its time, after the instance was stopped or migrated.
  for (int tries = 0;; ++tries) {
    auto valid = co_await token(call);
    if (!valid) co_return std::unexpected(valid.error());
    const std::string url = endpoint_ + "/latest/" + path;
    HttpRequest get = request("GET", url, {"X-aws-ec2-metadata-token", *valid});
    const HttpResult answer = co_await http_(std::move(get), call);
    if (!answer) co_return std::unexpected(error_of(answer.error()));
    if (answer->status == 200) co_return answer->body;
    if (answer->status == 401) token_.clear();
    if (answer->status != 401 || tries > 0) {
      co_return std::unexpected(error_of(answer->status, url));
    }
  }
}

Task<Result<std::string>> Metadata::token(Call call) {
  const Instant asked = clock_.now();
  if (!token_.empty() && asked < token_until_) co_return token_;
  const std::string url = endpoint_ + "/latest/api/token";
  HttpRequest put =
      request("PUT", url, {"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(token_life_s)});
  const HttpResult answer = co_await http_(std::move(put), call);
  if (!answer) co_return std::unexpected(error_of(answer.error()));
  if (answer->status != 200) co_return std::unexpected(error_of(answer->status, url));
  token_ = trim(answer->body);
  // A tenth of its life early: it must not end between our check and the service's.
  token_until_ = asked + token_life - token_life / 10;
  co_return token_;
}

Task<Result<AwsIdentity>> Metadata::identity(Call call) {
  AwsIdentity identity;
  const std::array<std::pair<const char*, std::string*>, 3> facts = {
      {{"meta-data/instance-id", &identity.instance},
       {"meta-data/placement/region", &identity.region},
       {"meta-data/placement/availability-zone", &identity.zone}}};
  for (const auto& [path, value] : facts) {
    auto answer = co_await read(path, call);
    if (!answer) co_return std::unexpected(answer.error());
    *value = trim(*answer);
  }
  auto macs = co_await read("meta-data/network/interfaces/macs/", call);
  if (!macs) co_return std::unexpected(macs.error());
  std::string_view rest = *macs;
  while (!trim(rest).empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string mac(trim(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (mac.ends_with('/')) mac.pop_back();
    if (mac.empty()) continue;
    auto found = co_await interface(mac, call);
    if (!found) co_return std::unexpected(found.error());
    found->zone = identity.zone;
    found->instance = identity.instance;
    identity.interfaces.push_back(std::move(*found));
  }
  co_return identity;
}

Task<Result<AwsInterface>> Metadata::interface(const std::string& mac, Call call) {
  AwsInterface out{.mac = mac};
  const std::array<std::pair<const char*, std::string*>, 4> facts = {
      {{"interface-id", &out.id},
       {"vpc-id", &out.vpc},
       {"subnet-id", &out.subnet},
       {"local-ipv4s", &out.private_ip}}};
  for (const auto& [name, value] : facts) {
    auto answer =
        co_await read(fmt::format("meta-data/network/interfaces/macs/{}/{}", mac, name), call);
    if (!answer) co_return std::unexpected(answer.error());
    // Of several addresses the first is the primary one.
    *value = trim(std::string_view(*answer).substr(0, answer->find('\n')));
  }
  co_return out;
}

Task<Result<Credentials>> Metadata::role_credentials(Call call) {
  const std::string folder = "meta-data/iam/security-credentials/";
  auto roles = co_await read(folder, call);
  if (!roles && roles.error().code == Code::not_found && !endpoint_.empty()) {
    co_return failure(Code::not_found, "the instance has no IAM role");
  }
  if (!roles) co_return std::unexpected(roles.error());
  const std::string role(trim(std::string_view(*roles).substr(0, roles->find('\n'))));
  if (role.empty()) co_return failure(Code::not_found, "the instance has no IAM role");
  auto document = co_await read(folder + percent_encode(role, "/"), call);
  if (!document) co_return std::unexpected(document.error());
  co_return parse_role_document(*document, fmt::format("the instance's IAM role '{}'", role));
}

}  // namespace mainstay::aws
