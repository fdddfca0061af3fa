#include "adapters/http/url.h"

#include <doctest/doctest.h>

#include "adapters/http/proxy.h"

namespace mainstay {
namespace {

TEST_CASE("text is encoded for URLs and comes back") {
  CHECK(percent_encode("a b/c+d=é~-._") == "a%20b%2Fc%2Bd%3D%C3%A9~-._");
  CHECK(percent_encode("a/b", "/") == "a/b");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_decode("%4") == "%4");
  CHECK(percent_decode("%zz%41%") == "%zzA%");
  CHECK(encode_parameters({{"a", "1 2"}, {"b", ""}}) == "a=1%202&b=");
  CHECK(encode_parameters({}).empty());
}

TEST_CASE("a URL falls into its parts") {
  CHECK(parse_url("HTTPS://EC2.Example.com:8443/a/b?x=1&y#z") ==
        Url{"https", "ec2.example.com", "8443", "/a/b", "x=1&y"});
  CHECK(parse_url("http://h") == Url{"http", "h", "", "/", ""});
  CHECK(parse_url("http://h?q") == Url{"http", "h", "", "/", "q"});
  CHECK(parse_url("http://[fd00:ec2::254]:80/x") == Url{"http", "[fd00:ec2::254]", "80", "/x", ""});
  CHECK(parse_url("http://[fd00::1]")->host == "[fd00::1]");
}

TEST_CASE("what is no URL of ours is refused") {
  for (const char* text :
       {"", "h", "ftp://h/", "http:/h", "http://", "http:///path", "http://h:0/", "http://h:65536/",
        "http://h:8o/", "http://h:/", "http://user:secret@h/", "http://h/a b", "http://h/\n",
        "http://[fd00::1/", "http://h/\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url(text).has_value());
  }
}

TEST_CASE("the scheme's own port is not written in the Host header") {
  CHECK(parse_url("https://h:443/")->authority() == "h");
  CHECK(parse_url("http://h:80/")->authority() == "h");
  CHECK(parse_url("http://h:443/")->authority() == "h:443");
}

std::string proxy(const std::map<std::string, std::string>& environment, const char* url) {
  return proxy_for(proxy_settings_from(environment), *parse_url(url));
}

TEST_CASE("each scheme has its proxy, and the lower-case variable wins") {
  const std::map<std::string, std::string> environment = {{"HTTP_PROXY", "http://upper:1"},
                                                          {"http_proxy", " http://lower:1 "},
                                                          {"HTTPS_PROXY", "secure:3128"}};
  CHECK(proxy(environment, "http://h/") == "http://lower:1");
  CHECK(proxy(environment, "https://h/") == "http://secure:3128");
  CHECK(proxy({}, "https://h/").empty());
  CHECK(proxy({{"http_proxy", "p:1"}}, "https://h/").empty());
}

TEST_CASE("no_proxy leaves hosts, their subdomains and address blocks out") {
  struct Row {
    const char* except;
    const char* url;
    bool direct;
  };
  const std::vector<Row> rows = {
      {"*", "http://h/", true},
      {"example.com", "http://example.com/", true},
      {"example.com", "http://ec2.example.com/", true},
      {".example.com", "http://ec2.example.com/", true},
      {".example.com", "http://example.com/", true},
      {"*.example.com", "http://ec2.example.com/", true},
      {"EXAMPLE.com", "http://EC2.example.COM/", true},
      {"example.com", "http://badexample.com/", false},
      {"example.com", "http://example.com.evil/", false},
      {"a, b example.com,", "http://example.com/", true},
      {"10.0.0.0/8", "http://10.200.1.1/", true},
      {"10.0.0.0/8", "http://11.0.0.1/", false},
      {"0.0.0.0/0", "http://11.0.0.1/", true},
      {"10.0.0.0/33", "http://10.0.0.1/", false},
      {"10.0.0.0/", "http://10.0.0.1/", false},
      {"10.0.0.1", "http://10.0.0.1/", true},
      {"h:8080", "http://h:8080/", true},
      {"h:8080", "http://h/", false},
      {"h:443", "https://h/", true},
      {"[fd00::1]", "http://[fd00::1]:8080/", true},
      {"", "http://h/", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.except);
    CAPTURE(row.url);
    const std::map<std::string, std::string> environment = {
        {"http_proxy", "p:1"}, {"https_proxy", "p:1"}, {"no_proxy", row.except}};
    CHECK(proxy(environment, row.url).empty() == row.direct);
  }
}

}  // namespace
}  // namespace mainstay
