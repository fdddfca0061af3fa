// What a daemon knows of secrets stays with it: not in its log, its status, its history, its state,
// the command lines of what it starts, nor in a core dump when it dies.
#include "e2e/fixture.h"

namespace mainstay::bench {
namespace {

// Of the role, as the metadata service hands them out, and the cluster's own key.
std::vector<std::string> secrets_of(const PatternStage& stage, const std::string& node) {
  const std::string asks =
      "T=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
      "http://169.254.169.254/latest/api/token); "
      "curl -s -H \"X-aws-ec2-metadata-token: $T\" "
      "http://169.254.169.254/latest/meta-data/iam/security-credentials/ha-node"
      " | grep -E 'SecretAccessKey|\"Token' | cut -d'\"' -f4; cat /etc/mainstay/cluster.key";
  std::istringstream lines(must(stage.lab.exec(node, {"/bin/sh", "-c", asks})));
  std::vector<std::string> secrets;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() >= 16) secrets.push_back(line);
  }
  return secrets;
}

// How many files below these places, or lines of these commands, hold the secret.
std::string found(const PatternStage& stage, const std::string& node, const std::string& secret) {
  const std::string places =
      "/var/log /var/lib/mainstay /run/mainstay /tmp /var/tmp /root /var/crash";
  const std::string said = fmt::format(
      "(for pid in /proc/[0-9]*; do tr '\\0' ' ' < $pid/cmdline; echo; done; "
      "{0} status --json; {0} status; {0} events --json -n 1000; {0} why {1} --json) 2>/dev/null",
      stage.programs.command, group_name);
  return must(stage.lab.exec(
      node, {"/bin/sh", "-c",
             fmt::format("S='{}'; grep -rlaF -e \"$S\" {} 2>/dev/null; "
                         "({}) | grep -aF -e \"$S\" | grep -v ' S=' | grep -v 'grep -' ; true",
                         secret, places, said)}));
}

constexpr const char* pids_of_daemon =
    "for p in /proc/[0-9]*; do "
    "case \"$(readlink $p/exe)\" in */mainstayd) printf %s ${p#/proc/};; esac; done";

}  // namespace

TEST_CASE("no secret is in what a daemon says, writes, starts or leaves behind when it crashes") {
  PatternStage stage(Pattern::vip);
  const std::string owner = stage.owner();
  const auto secrets = secrets_of(stage, owner);
  REQUIRE(secrets.size() == 3);
  for (const std::string& secret : secrets) CHECK(found(stage, owner, secret) == "");
  // The search finds what is there.
  REQUIRE(stage.lab.exec(owner, {"/bin/sh", "-c", "echo '" + secrets[0] + "' > /var/tmp/leak"}));
  CHECK(found(stage, owner, secrets[0]) == "/var/tmp/leak\n");
  REQUIRE(stage.lab.exec(owner, {"rm", "/var/tmp/leak"}));

  // A core of as much as it likes, in a folder that is looked into.
  const std::string pid = must(stage.lab.exec(owner, {"/bin/sh", "-c", pids_of_daemon}));
  REQUIRE_FALSE(pid.empty());
  REQUIRE(stage.lab.exec(
      owner, {"/bin/sh", "-c",
              fmt::format("prlimit --core=unlimited --pid {} && kill -ABRT {}", pid, pid)}));
  must(stage.cluster->wait_until_moved_from(owner, patience));
  for (const std::string& secret : secrets) CHECK(found(stage, owner, secret) == "");
  const std::string cores = must(stage.lab.exec(
      owner, {"/bin/sh", "-c",
              "ls -d /core* 2>/dev/null; find /etc/mainstay /run /root /tmp /var/lib/mainstay "
              "/var/log /var/tmp -xdev -type f -name 'core*' 2>/dev/null; true"}));
  CHECK(cores == "");
}

}  // namespace mainstay::bench
