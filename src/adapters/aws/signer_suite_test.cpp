// The cases that AWS published with the specification of Signature Version 4, with the signatures
// that it published, and requests that somebody might send to confuse a signer.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/aws/signer.h"

namespace mainstay::aws {
namespace {

const WallTime published = std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + 12h + 36min;

struct Case {
  const char* name;
  const char* method;
  const char* target;
  HttpHeaders headers;
  const char* body;
  const char* signed_headers;
  const char* signature;
};

std::string authorization(const Case& each) {
  HttpRequest request{.method = each.method,
                      .url = std::string("https://example.amazonaws.com") + each.target,
                      .headers = each.headers};
  request.body = each.body;
  sign(request, {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}},
       {"us-east-1", "service"}, published);
  return std::string(header_value(request.headers, "Authorization"));
}

const HttpHeaders form = {{"Content-Type", "application/x-www-form-urlencoded"}};
const HttpHeaders form_with_charset = {
    {"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}};

// Two are left out whose paths hold what no URL of ours does: a space and a letter beyond ASCII.
const std::vector<Case> cases = {
    {"get-vanilla",
     "GET",
     "/",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query",
     "GET",
     "/",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {},
     "",
     "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "host;x-amz-date",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?%E1%88%B4=bar",
     {},
     "",
     "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-relative",
     "GET",
     "/example/..",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative",
     "GET",
     "/example1/example2/../..",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash",
     "GET",
     "//",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash",
     "GET",
     "/./",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot",
     "GET",
     "/./example",
     {},
     "",
     "host;x-amz-date",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes",
     "GET",
     "//example//",
     {},
     "",
     "host;x-amz-date",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "",
     "host;my-header1;x-amz-date",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "",
     "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-case",
     "POST",
     "/",
     {},
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"My-Header1", "value1"}},
     "",
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"My-Header1", "VALUE1"}},
     "",
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded", "POST", "/", form, "Param1=value1",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters", "POST", "/", form_with_charset, "Param1=value1",
     "content-type;host;x-amz-date",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
};

TEST_CASE("the cases that AWS published are signed as AWS signs them") {
  for (const Case& each : cases) {
    CAPTURE(each.name);
    CHECK(authorization(each) ==
          fmt::format("AWS4-HMAC-SHA256 "
                      "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                      "SignedHeaders={}, Signature={}",
                      each.signed_headers, each.signature));
  }
}

std::string canonical(const std::string& url, HttpHeaders headers = {}) {
  return canonical_request({.url = url, .headers = std::move(headers)}, "ec2", "HASH").text;
}

TEST_CASE("no path leaves the root, whatever it climbs or encodes") {
  CHECK(canonical("https://h/../../../etc/passwd").starts_with("GET\n/etc/passwd\n"));
  CHECK(canonical("https://h/a/../../b/./../c").starts_with("GET\n/c\n"));
  CHECK(canonical("https://h/..").starts_with("GET\n/\n"));
  // What is encoded is a name, not a step.
  CHECK(canonical("https://h/a/%2e%2e/b").starts_with("GET\n/a/%252e%252e/b\n"));
  CHECK(canonical("https://h/%00%0a").starts_with("GET\n/%2500%250a\n"));
  CHECK(canonical("https://h/100%").starts_with("GET\n/100%25\n"));
}

TEST_CASE("no query smuggles a line or a parameter into what is signed") {
  CHECK(canonical("https://h/?a=%0Ahost:evil&b=%26c%3D1")
            .starts_with("GET\n/\na=%0Ahost%3Aevil&b=%26c%3D1\n"));
  CHECK(canonical("https://h/?=&==&a==b").starts_with("GET\n/\n=&=%3D&a=%3Db\n"));
  CHECK(canonical("https://h/?%zz=%1").starts_with("GET\n/\n%25zz=%251\n"));
  CHECK(canonical("https://h/?a#fragment").find("fragment") == std::string::npos);
}

TEST_CASE("no header makes two of one") {
  const std::string text =
      canonical("https://h/", {{"X-Note", "a\r\nhost:evil"}, {"X-Tab", "\t a \t b \t"}});
  CHECK(text == "GET\n/\n\nx-note:a host:evil\nx-tab:a b\n\nx-note;x-tab\nHASH");
}

TEST_CASE("a second before midnight is signed for its day, and the next for the next") {
  const Case each{"", "GET", "/", {}, "", "", ""};
  const auto scope = [&](WallTime now) {
    HttpRequest request{.method = each.method, .url = "https://h/"};
    sign(request, {"AKID", "secret", "", {}}, {"r", "ec2"}, now);
    const std::string text(header_value(request.headers, "Authorization"));
    return text.substr(text.find("AKID/") + 5, 8) +
           std::string(header_value(request.headers, "X-Amz-Date"));
  };
  const WallTime midnight = std::chrono::sys_days(std::chrono::year(2027) / 1 / 1);
  CHECK(scope(midnight - 1ms) == "2026123120261231T235959Z");
  CHECK(scope(midnight) == "2027010120270101T000000Z");
}

}  // namespace
}  // namespace mainstay::aws
