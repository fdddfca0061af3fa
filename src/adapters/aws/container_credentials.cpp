#include "adapters/aws/container_credentials.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/role_document.h"
#include "adapters/aws/sts.h"
#include "adapters/http/url.h"
#include "base/file.h"

namespace mainstay::aws {
namespace {

constexpr std::string_view container_host = "http://169.254.170.2";
constexpr std::size_t token_size_max = 16 * 1024;
constexpr Duration connect_limit = 2s;

// Over plain HTTP a token may only be sent to where nobody listens in.
bool is_trusted(const Url& url) {
  static constexpr std::array<std::string_view, 7> hosts = {
      "localhost",      "169.254.170.2", "169.254.170.23", "fd00:ec2::23",
      "[fd00:ec2::23]", "::1",           "[::1]"};
  const bool loopback = url.host.starts_with("127.") &&
                        url.host.find_first_not_of("0123456789.") == std::string::npos;
  return url.scheme == "https" || loopback || std::ranges::find(hosts, url.host) != hosts.end();
}

Result<std::string> token_from(const std::string& file) {
  const auto text = read_file(file, token_size_max);
  if (!text) return std::unexpected(text.error());
  const std::string token(trim(*text));
  if (!token.empty()) return token;
  return failure(Code::invalid, fmt::format("{} is empty: it should hold a token", file));
}

Error error_of(const HttpFailure& problem, std::string_view what) {
  const Code code = problem.problem == HttpProblem::cancelled   ? Code::cancelled
                    : problem.problem == HttpProblem::timed_out ? Code::timed_out
                                                                : Code::unavailable;
  return {code, fmt::format("{}: {}", what, problem.message)};
}

Result<HttpRequest> container_request(const Environment& environment) {
  const std::string relative = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) {
    return failure(Code::not_found, "no container has told where its credentials are");
  }
  HttpRequest request;
  request.url = relative.empty() ? full : std::string(container_host) + relative;
  request.connect_limit = connect_limit;
  const auto url = parse_url(request.url);
  if (!url || !is_trusted(*url)) {
    return failure(
        Code::invalid,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL, or an http one of this "
        "host or of 169.254.170.2 or 169.254.170.23");
  }
  std::string token = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    auto read = token_from(file);
    if (!read) return std::unexpected(read.error());
    token = std::move(*read);
  }
  if (!token.empty()) request.headers.push_back({"Authorization", token});
  return request;
}

HttpRequest web_identity_request(const FromWebIdentity& identity, const std::string& token,
                                 const Endpoint& endpoint) {
  HttpRequest request{.method = "POST", .url = endpoint.url + "/"};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = encode_parameters({{"Action", "AssumeRoleWithWebIdentity"},
                                    {"Version", "2011-06-15"},
                                    {"RoleArn", identity.role_arn},
                                    {"RoleSessionName", identity.session_name},
                                    {"WebIdentityToken", token}});
  request.proxy = endpoint.proxy;
  request.tls = endpoint.tls;
  return request;
}

}  // namespace

Task<Result<Credentials>> container_credentials(const Environment& environment, HttpSend http,
                                                Call call) {
  auto request = container_request(environment);
  if (!request) co_return std::unexpected(request.error());
  const HttpResult answer = co_await http(std::move(*request), call);
  if (!answer) {
    co_return std::unexpected(error_of(answer.error(), "the container's credentials endpoint"));
  }
  if (answer->status != 200) {
    co_return failure(
        answer->status >= 500 ? Code::unavailable : Code::denied,
        fmt::format("the container's credentials endpoint answers {}", answer->status));
  }
  co_return parse_role_document(answer->body, "the container's credentials endpoint");
}

Result<FromWebIdentity> web_identity(const Environment& environment) {
  FromWebIdentity identity{.token_file = variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                           .role_arn = variable(environment, "AWS_ROLE_ARN"),
                           .session_name = variable(environment, "AWS_ROLE_SESSION_NAME")};
  if (identity.session_name.empty()) identity.session_name = "mainstay";
  if (identity.token_file.empty()) {
    return failure(Code::not_found, "the environment has no web identity");
  }
  if (!identity.role_arn.empty()) return identity;
  return failure(
      Code::invalid,
      "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not. Set both or neither");
}

Task<Result<Credentials>> web_identity_credentials(FromWebIdentity identity, Endpoint endpoint,
                                                   HttpSend http, Call call) {
  const auto token = token_from(identity.token_file);
  if (!token) co_return std::unexpected(token.error());
  HttpRequest request = web_identity_request(identity, *token, endpoint);
  const HttpResult answer = co_await http(std::move(request), call);
  const std::string what = "STS AssumeRoleWithWebIdentity of " + identity.role_arn;
  if (!answer) co_return std::unexpected(error_of(answer.error(), what));
  if (answer->status == 200) co_return parse_assume_role(answer->body);
  const Fault fault = parse_fault(answer->status, answer->body);
  co_return failure(code_of(fault), fmt::format("{}: {}", what,
                                                sentence_of(fault, "sts:AssumeRoleWithWebIdentity",
                                                            identity.role_arn)));
}

}  // namespace mainstay::aws
