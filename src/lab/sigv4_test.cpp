// Signatures: against a vector worked out step by step with another implementation, against
// ourselves, against errors.
#include "lab/sigv4.h"

#include <doctest/doctest.h>

using namespace mainstay::lab;

namespace {

const Credentials keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr std::int64_t noon_ms = 1'795'435'200'000;  // 2026-11-23T12:00:00Z

const Credentials* find(std::string_view access_key) {
  static const Credentials temporary{"ASIAEXAMPLE", "secret", "token", noon_ms + 1000};
  if (access_key == keys.access_key) return &keys;
  return access_key == temporary.access_key ? &temporary : nullptr;
}

HttpRequest describe() {
  return {.method = "POST",
          .target = "/",
          .headers = {{"host", "ec2.ap-northeast-1.amazonaws.com"},
                      {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = "Action=DescribeRouteTables&Version=2016-11-15"};
}

HttpRequest signed_describe(const Credentials& credentials = keys) {
  HttpRequest request = describe();
  sign(request, credentials, {"ap-northeast-1", "ec2"}, noon_ms);
  return request;
}

std::string code_of(const HttpRequest& request, std::int64_t now_ms) {
  const auto verdict = verify(request, find, now_ms);
  return verdict ? "good" : verdict.error().code;
}

std::string& header(HttpRequest& request, std::string_view name) {
  return std::ranges::find(request.headers, name, &std::pair<std::string, std::string>::first)
      ->second;
}

}  // namespace

TEST_CASE("the signature is the one other signers compute") {
  // Computed with botocore.auth.SigV4Auth for this very request, keys and time.
  const HttpRequest request = signed_describe();
  CHECK(request.header("x-amz-date") == "20261123T120000Z");
  CHECK(
      request.header("authorization") ==
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/ap-northeast-1/ec2/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date, "
      "Signature=e3718bad034193da4317881d390441474b60e472db3f3500e3d7865c0bdfc7f1");
}

TEST_CASE("a query is signed in canonical order and encoding") {
  HttpRequest request{.method = "GET",
                      .target = "/?b=2&a=x%20y%2Bz&c&A=%e3%81%82",
                      .headers = {{"host", "ec2.ap-northeast-1.amazonaws.com"}}};
  sign(request, keys, {"ap-northeast-1", "ec2"}, noon_ms);
  CHECK(
      request.header("authorization")
          .ends_with("Signature=4d63e40de20f76eddfdf88ce134b93d5d7cb4737595f63016cb250d77e4fd580"));
}

TEST_CASE("a good signature tells who and for what") {
  const auto verdict = verify(signed_describe(), find, noon_ms + 60'000);
  REQUIRE(verdict.has_value());
  CHECK(verdict->access_key == keys.access_key);
  CHECK(verdict->scope == SignedScope{"ap-northeast-1", "ec2"});
}

TEST_CASE("whatever is changed after signing is noticed") {
  const HttpRequest good = signed_describe();
  REQUIRE(code_of(good, noon_ms) == "good");
  HttpRequest body = good;
  body.body += "&DryRun=true";
  CHECK(code_of(body, noon_ms) == "SignatureDoesNotMatch");
  HttpRequest method = good;
  method.method = "PUT";
  CHECK(code_of(method, noon_ms) == "SignatureDoesNotMatch");
  HttpRequest target = good;
  target.target = "/?x=1";
  CHECK(code_of(target, noon_ms) == "SignatureDoesNotMatch");
  HttpRequest host = good;
  header(host, "host") = "sts.amazonaws.com";
  CHECK(code_of(host, noon_ms) == "SignatureDoesNotMatch");
  HttpRequest later = good;
  header(later, "x-amz-date") = "20261123T120001Z";
  CHECK(code_of(later, noon_ms) == "SignatureDoesNotMatch");
}

TEST_CASE("errors are told apart as AWS does") {
  CHECK(code_of(describe(), noon_ms) == "MissingAuthenticationToken");
  HttpRequest garbled = signed_describe();
  header(garbled, "authorization") = "AWS4-HMAC-SHA256 nonsense";
  CHECK(code_of(garbled, noon_ms) == "IncompleteSignature");
  CHECK(code_of(signed_describe({"AKIANOBODY", "x"}), noon_ms) == "AuthFailure");
  CHECK(code_of(signed_describe({keys.access_key, "wrong"}), noon_ms) == "SignatureDoesNotMatch");
  CHECK(code_of(signed_describe(), noon_ms + clock_skew_max_ms) == "good");
  CHECK(code_of(signed_describe(), noon_ms + clock_skew_max_ms + 1) == "RequestExpired");
  CHECK(code_of(signed_describe(), noon_ms - clock_skew_max_ms - 1) == "RequestExpired");
}

TEST_CASE("temporary credentials need their token and end") {
  const Credentials temporary = *find("ASIAEXAMPLE");
  CHECK(code_of(signed_describe(temporary), noon_ms) == "good");
  CHECK(code_of(signed_describe(temporary), noon_ms + 1000) == "ExpiredToken");
  Credentials without = temporary;
  without.session_token.clear();
  CHECK(code_of(signed_describe(without), noon_ms) == "AuthFailure");
}
