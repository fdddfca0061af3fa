// clpaws_setting.conf.
#include "adapters/aws/settings_file.h"

#include <doctest/doctest.h>

namespace mainstay::aws {
namespace {

TEST_CASE("variables below [ENVIRONMENT] go before those that are there") {
  const auto environment =
      with_settings({{"HTTPS_PROXY", "old"}, {"HOME", "/root"}},
                    "# proxy\n[ENVIRONMENT]\nHTTPS_PROXY = http://p:3128/?a=b\n"
                    "NO_PROXY=169.254.169.254\r\n\nCLP_AWS_CMD = aws.cmd\n"
                    "[OTHER]\nHOME = /nowhere\n",
                    "f");
  CHECK(environment.value() == Environment{{"HTTPS_PROXY", "http://p:3128/?a=b"},
                                           {"NO_PROXY", "169.254.169.254"},
                                           {"CLP_AWS_CMD", "aws.cmd"},
                                           {"HOME", "/root"}});
}

TEST_CASE("names are taken as they are written") {
  const auto environment =
      with_settings({}, "[ENVIRONMENT]\nhttp_proxy = a\nHTTP_PROXY = b\n", "f");
  CHECK(environment->size() == 2);
}

TEST_CASE("a wrong line is named by its number, and never shown") {
  const auto wrong = with_settings({}, "[ENVIRONMENT]\nAWS_SECRET_ACCESS_KEY hush\n", "/etc/f");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == Code::invalid);
  CHECK(wrong.error().message.find("/etc/f: line 2") != std::string::npos);
  CHECK(wrong.error().message.find("hush") == std::string::npos);
}

TEST_CASE("a file that is not there changes nothing; one that is a folder is wrong") {
  CHECK(with_settings_file({{"A", "b"}}, "/no/such/file").value() == Environment{{"A", "b"}});
  CHECK_FALSE(with_settings_file({}, "/etc").has_value());
}

}  // namespace
}  // namespace mainstay::aws
