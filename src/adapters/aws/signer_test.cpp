#include "adapters/aws/signer.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/aws/signer_vectors.h"

namespace mainstay::aws {
namespace {

const WallTime moment = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 6h + 15min + 1s;

HttpRequest signed_by_us(const SignerVector& vector, WallTime now) {
  HttpRequest request{.method = vector.method, .url = vector.url, .headers = vector.headers};
  request.body = vector.body;
  sign(request, {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", vector.token, {}},
       {"eu-west-1", vector.service}, now);
  return request;
}

SignerVector shape(std::string method, std::string url) {
  SignerVector vector;
  vector.service = "ec2";
  vector.method = std::move(method);
  vector.url = std::move(url);
  return vector;
}

std::string canonical(const HttpRequest& request, const std::string& service) {
  return canonical_request(request, service, "HASH").text;
}

TEST_CASE("every shape of request is signed as the second implementation signs it") {
  CHECK(signer_vectors.size() >= 30);
  for (const auto& vector : signer_vectors) {
    CAPTURE(vector.name);
    const HttpRequest request = signed_by_us(vector, moment);
    CHECK(header_value(request.headers, "Authorization") ==
          fmt::format("AWS4-HMAC-SHA256 "
                      "Credential=AKIDEXAMPLE/20261123/eu-west-1/{}/aws4_request, "
                      "SignedHeaders={}, Signature={}",
                      vector.service, vector.signed_headers, vector.signature));
    CHECK(header_value(request.headers, "X-Amz-Date") == "20261123T061501Z");
    CHECK(header_value(request.headers, "X-Amz-Security-Token") == vector.token);
  }
}

TEST_CASE("the signature depends on the second, the day, the body and the secret") {
  const SignerVector base = shape("GET", "https://ec2.example.com/");
  const auto signature = [](const HttpRequest& request) {
    return std::string(header_value(request.headers, "Authorization"));
  };
  const std::string first = signature(signed_by_us(base, moment));
  CHECK(signature(signed_by_us(base, moment + 500ms)) == first);
  CHECK(signature(signed_by_us(base, moment + 1s)) != first);
  CHECK(signature(signed_by_us(base, moment + 24h)) != first);
  SignerVector other = base;
  other.body = "x";
  CHECK(signature(signed_by_us(other, moment)) != first);
}

TEST_CASE("text is canonical whichever way it was encoded") {
  const auto query = [](const std::string& text) {
    const auto out = canonical({.url = "https://h/" + text}, "ec2");
    return out.substr(6, out.find("\n\n") - 6);
  };
  CHECK(query("?a=%2b") == "a=%2B");
  CHECK(query("?a=b+c") == "a=b%20c");
  CHECK(query("?a=%7e") == "a=~");
  CHECK(query("?b&a&&") == "a=&b=");
  CHECK(query("?a=100%") == "a=100%25");
}

TEST_CASE("an encoded slash in an S3 key is not a separator") {
  CHECK(canonical({.url = "https://h/b/x%2fy/z"}, "s3").starts_with("GET\n/b/x%2Fy/z\n"));
  CHECK(canonical({.url = "https://h/b/x%2Fy/z"}, "ec2").starts_with("GET\n/b/x%252Fy/z\n"));
}

TEST_CASE("a folded header is one line, and headers sort by name, not by line") {
  const HttpRequest request{
      .url = "https://h/",
      .headers = {{"A-B", "1"}, {"A", "2"}, {"Folded", "one\r\n   two"}, {"Connection", "close"}}};
  CHECK(canonical(request, "ec2") == "GET\n/\n\na:2\na-b:1\nfolded:one two\n\na;a-b;folded\nHASH");
}

TEST_CASE("S3 is told the body's hash, unless the caller has said one") {
  SignerVector vector = shape("PUT", "https://h/b/k");
  vector.service = "s3";
  CHECK(header_value(signed_by_us(vector, moment).headers, "X-Amz-Content-Sha256") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  vector.headers = {{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}};
  const auto request = signed_by_us(vector, moment);
  CHECK(std::ranges::count(request.headers,
                           HttpHeader{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}) == 1);
}

TEST_CASE("the secret key is nowhere in the request") {
  const auto request = signed_by_us(shape("GET", "https://ec2.example.com/"), moment);
  for (const auto& header : request.headers) {
    CHECK(header.value.find("wJalr") == std::string::npos);
  }
}

}  // namespace
}  // namespace mainstay::aws
