// The shared lab, the main function that ends it, and what a person sees of it.
#define DOCTEST_CONFIG_IMPLEMENT
#include "lab/e2e/fixture.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <sstream>
#include <thread>

namespace mainstay::lab {
namespace {

std::optional<Lab>& slot() {
  static std::optional<Lab> lab;
  return lab;
}

}  // namespace

Lab& shared_lab() {
  if (!slot()) {
    auto made = Lab::up();
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    slot().emplace(std::move(*made));
  }
  fault(*slot(), "clear");
  return *slot();
}

void end_shared_lab() { slot().reset(); }

ExecResult run(const Lab& lab, const std::string& instance, const std::vector<std::string>& argv) {
  const auto ran = lab.exec(instance, argv);
  REQUIRE_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message));
  return *ran;
}

bool pings(const Lab& lab, const std::string& from, const std::string& to) {
  return run(lab, from, {"ping", "-c1", "-W0.4", "-q", to}).code == 0;
}

ExecResult aws(const Lab& lab, const std::string& instance, const std::string& arguments) {
  std::vector<std::string> argv = {"/usr/bin/aws"};
  std::istringstream in(arguments);
  for (std::string word; in >> word;) argv.push_back(word);
  return run(lab, instance, argv);
}

std::string api(const Lab& lab, const std::string& instance, const std::string& form) {
  const std::string region = value_of(lab, "region");
  // The keys of the instance's role, from its metadata service, as any program there gets them.
  const std::string script = fmt::format(
      "T=$(curl -s -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
      "http://169.254.169.254/latest/api/token); B=http://169.254.169.254/latest/meta-data/iam/"
      "security-credentials; R=$(curl -s -m 5 -H \"X-aws-ec2-metadata-token: $T\" $B/); "
      "J=$(curl -s -m 5 -H \"X-aws-ec2-metadata-token: $T\" $B/$R); "
      "f() {{ echo \"$J\" | sed -n \"s/.*\\\"$1\\\" : \\\"\\([^\\\"]*\\)\\\".*/\\1/p\"; }}; "
      "curl -s -m 5 --aws-sigv4 aws:amz:{0}:ec2 --user \"$(f AccessKeyId):$(f SecretAccessKey)\" "
      "-H \"X-Amz-Security-Token: $(f Token)\" -d '{1}&Version=2016-11-15' "
      "http://ec2.{0}.amazonaws.com/",
      region, form);
  return run(lab, instance, {"sh", "-c", script}).out;
}

void fault(const Lab& lab, const std::string& line) {
  const auto done = lab.fault(line);
  REQUIRE_MESSAGE(done.has_value(), (done ? "" : line + ": " + done.error().message));
}

std::string value_of(const Lab& lab, const std::string& path) {
  const auto value = lab.look_up(path);
  REQUIRE_MESSAGE(value.has_value(), (value ? "" : value.error().message));
  return *value;
}

bool becomes_true(Duration patience, const std::function<bool()>& question) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (question()) return true;
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace mainstay::lab

TEST_CASE("a person can read the lab's state and story") {
  const mainstay::lab::Lab& lab = mainstay::lab::shared_lab();
  const auto says = [&](const std::string& word) {
    std::FILE* program =
        ::popen(fmt::format("{} {} --dir {}", lab.program(), word, lab.directory()).c_str(), "r");
    REQUIRE(program != nullptr);
    std::string text(64 * 1024, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), program));
    CHECK(::pclose(program) == 0);
    return text;
  };
  mainstay::lab::fault(lab, "cut server1 aws");
  const std::string status = says("status");
  CHECK(status.find("server1      running  running   ap-northeast-1a  10.0.110.10") !=
        std::string::npos);
  CHECK(status.find("cut: server1 - aws (both)") != std::string::npos);
  CHECK(says("events").find("cut server1 aws") != std::string::npos);
  CHECK(says("env server1").find("AWS_DEFAULT_REGION=ap-northeast-1") != std::string::npos);
}

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int code = context.run();
  mainstay::lab::end_shared_lab();
  return code;
}
