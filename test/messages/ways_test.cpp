// The ways to credentials and to the endpoint that are promised, each the only one there is: the
// address is activated, and the lab has checked every signature and permission on the way.
#include <doctest/doctest.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "messages/fixture.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view vip = "ip = \"10.1.0.20\"\nvpc_id = \"{vpc}\"\neni_id = \"{eni1}\"\n";
constexpr const char* role = "arn:aws:iam::123456789012:role/ha-node";
constexpr const char* aws_files = "AWS_CONFIG_FILE=/root/aws-config";
constexpr const char* aws_keys = "AWS_SHARED_CREDENTIALS_FILE=/root/aws-credentials";

// A session's keys, got by a neighbour that has the role.
nlohmann::json session(const Stage& stage) {
  return nlohmann::json::parse(
      stage.shell("server2", fmt::format("aws sts assume-role --role-arn {} --role-session-name "
                                         "lent --query Credentials --output json",
                                         role)));
}

std::string text(const nlohmann::json& keys, const char* name) { return keys.at(name); }

void write(const Stage& stage, std::string_view file, const std::string& content) {
  REQUIRE(stage.lab().write("server1", file, content));
}

// What the program said last, with this before it and no other role.
std::string last_word(Stage& stage, const std::vector<std::string>& variables) {
  Row row{.story = "a way", .type = "awsvip", .params = vip, .sentence = "", .names = {}};
  row.spoil = {"fault role server1 none"};
  row.before.assign(variables.begin(), variables.end());
  row.mend = {"fault role server1 ha-node"};
  return stage.play(row).back();
}

}  // namespace

TEST_CASE("every place of credentials is good for an activation, without a role of the instance") {
  Stage stage(Pattern::vip);
  const auto keys = session(stage);
  const std::string profile = fmt::format(
      "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
      text(keys, "AccessKeyId"), text(keys, "SecretAccessKey"), text(keys, "SessionToken"));
  const std::string region = "AWS_REGION=ap-northeast-1";
  CHECK(last_word(stage, {region}) != "started");

  CHECK(last_word(stage, {"AWS_ACCESS_KEY_ID=" + text(keys, "AccessKeyId"),
                          "AWS_SECRET_ACCESS_KEY=" + text(keys, "SecretAccessKey"),
                          "AWS_SESSION_TOKEN=" + text(keys, "SessionToken"), region}) == "started");

  write(stage, "/root/aws-credentials", "[base]\n" + profile);
  write(stage, "/root/aws-config",
        fmt::format("[profile base]\nregion = ap-northeast-1\n"
                    "[profile mover]\nrole_arn = {}\nsource_profile = base\n"
                    "region = ap-northeast-1\n"
                    "[profile printed]\ncredential_process = /root/print-keys\n"
                    "region = ap-northeast-1\n",
                    role));
  CHECK(last_word(stage, {aws_files, aws_keys, "AWS_PROFILE=base"}) == "started");
  CHECK(last_word(stage, {aws_files, aws_keys, "AWS_PROFILE=mover"}) == "started");

  nlohmann::json document = keys;
  document["Version"] = 1;
  write(stage, "/root/keys.json", document.dump());
  write(stage, "/root/print-keys", "#!/bin/sh\nexec cat /root/keys.json\n");
  CHECK(last_word(stage, {aws_files, aws_keys, "AWS_PROFILE=printed"}) == "started");

  CHECK(last_word(stage, {"AWS_WEB_IDENTITY_TOKEN_FILE=/run/lab/web-identity-token",
                          fmt::format("AWS_ROLE_ARN={}", role), region}) == "started");
}

TEST_CASE("a container's credentials are taken from its own address") {
  Stage stage(Pattern::vip);
  nlohmann::json document = session(stage);
  document["Token"] = document.at("SessionToken");
  write(stage, "/root/www/creds", document.dump());
  REQUIRE(stage.lab().start(
      "server1", "/var/log/container.log",
      {"python3", "-m", "http.server", "9911", "--bind", "127.0.0.1", "--directory", "/root/www"}));
  stage.shell("server1",
              "curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 "
              "http://127.0.0.1:9911/creds");
  CHECK(last_word(stage, {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9911/creds",
                          "AWS_REGION=ap-northeast-1"}) == "started");
}

TEST_CASE("a proxy is a way to the endpoint where there is no other, and never to the metadata") {
  Stage stage(Pattern::vip);
  REQUIRE(stage.lab().start("nat1", "/var/log/proxy.log",
                            {stage.programs().lab, "proxy", "--listen", "10.0.10.5:3128"}));
  Row row{.story = "a way",
          .type = "awsvip",
          .params = "ip = \"10.1.0.20\"\n",
          .sentence = "",
          .names = {}};
  row.spoil = {
      "server2: aws ec2 delete-route --route-table-id {table:Private-A} --destination-cidr-block "
      "0.0.0.0/0"};
  CHECK(stage.play(row).back() != "started");
  row.spoil = {};
  row.before = {"HTTPS_PROXY=http://10.0.10.5:3128", "HTTP_PROXY=http://10.0.10.5:3128",
                "http_proxy=http://10.0.10.5:3128"};
  CHECK(stage.play(row).back() == "started");
  row.before.emplace_back("NO_PROXY=.amazonaws.com");
  CHECK(stage.play(row).back() != "started");
}

}  // namespace mainstay::bench
