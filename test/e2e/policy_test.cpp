// What `mainstay iam-policy` prints is enough, and nothing that a daemon asks for is missing from
// it: each pattern lives, moves and fails over with just that; and with a role that is taken on.
#include "e2e/fixture.h"

#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr const char* region = "ap-northeast-1";
constexpr const char* account = "123456789012";
constexpr const char* own_role = "ha-node";
constexpr const char* taken_role = "reader";

std::string role_line() {
  return fmt::format("role_arn = \"arn:aws:iam::{}:role/{}\"\n", account, taken_role);
}

// As an administrator would: of the configuration, before anything runs.
std::string printed_policy(const PatternStage& stage, Site site) {
  constexpr std::string_view file = "/etc/mainstay/of-the-policy.toml";
  const std::string& node = site.nodes.front().name;
  site.web = {"/etc/mainstay/web"};
  REQUIRE(stage.lab.write(node, file, cluster_toml(site)));
  return must(stage.lab.exec(node, {stage.programs.command, "iam-policy", std::string(file),
                                    "--region", region, "--account", account}));
}

std::vector<json> api_calls(const Lab& lab, std::uint64_t since = 0) {
  const auto text =
      must(output_of(lab.command({"events", "--json", "--since", std::to_string(since)})));
  std::vector<json> calls;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    json event = json::parse(line, nullptr, false);
    if (!event.is_discarded() && event.value("kind", "") == "api")
      calls.push_back(std::move(event));
  }
  return calls;
}

// Whether policies may be simulated the doctor finds out by asking; it is content with a no.
std::string refusals(const Lab& lab) {
  std::string all;
  for (const json& call : api_calls(lab)) {
    if (call.value("action", "") == "SimulatePrincipalPolicy") continue;
    const std::string outcome = call.value("outcome", "");
    if (outcome == "UnauthorizedOperation" || outcome == "AccessDenied") {
      all += fmt::format("{}: {}\n", call.value("action", ""), outcome);
    }
  }
  return all;
}

std::string troubles_told_by_doctor(const PatternStage& stage, const std::string& node) {
  const auto report = json::parse(
      must(stage.lab.exec(
          node, {"/bin/sh", "-c",
                 fmt::format("{} doctor --json {}; true", stage.programs.command, config_path)})),
      nullptr, false);
  REQUIRE(report.is_object());
  CHECK(report.at("findings").size() > 5);
  std::string all;
  for (const json& finding : report.at("findings")) {
    if (finding.at("grade") != "good") {
      all += fmt::format("{} {}: {}\n", finding.at("grade").get<std::string>(),
                         finding.at("check").get<std::string>(),
                         finding.at("fact").get<std::string>());
    }
  }
  return all;
}

void moves_and_fails_over(PatternStage& stage) {
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
  must(stage.cluster->ask(first, {"group", "move", std::string(group_name), second}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  REQUIRE(stage.lab.fault({"kill", second}));
  must(stage.cluster->wait_until_moved_from(second, patience));
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
}

void lives_on_printed_policy(Pattern pattern) {
  PatternStage stage(pattern, {}, [](const PatternStage& made) {
    REQUIRE(made.lab.fault({"policy", own_role, printed_policy(made, made.site)}));
  });
  const std::string node = stage.owner();
  // A record that was just written is not to be had from every name server yet.
  CHECK(stage.waits_for([&] { return stage.serves(node); }));
  CHECK(troubles_told_by_doctor(stage, node) == "");
  moves_and_fails_over(stage);
  CHECK(refusals(stage.lab) == "");
}

// The role that is taken on may do what the daemon could do without it, and the daemon no more than
// take it on.
void share_rights(const PatternStage& stage) {
  Site without = stage.site;
  without.address_lines.erase(without.address_lines.find(role_line()), role_line().size());
  const std::string own = printed_policy(stage, stage.site);
  CHECK(own.find("sts:AssumeRole") != std::string::npos);
  CHECK(own.find("ec2:ReplaceRoute") == std::string::npos);
  REQUIRE(stage.lab.fault({"policy", own_role, own}));
  REQUIRE(stage.lab.fault({"permit", taken_role, "all"}));
  REQUIRE(stage.lab.fault({"policy", taken_role, printed_policy(stage, without)}));
}

std::int64_t roles_taken(const std::vector<json>& calls, const std::string& by) {
  return std::ranges::count_if(calls, [&](const json& call) {
    return call.value("action", "") == "AssumeRole" && call.value("caller", "") == by &&
           call.value("outcome", "") == "ok";
  });
}

}  // namespace

TEST_CASE("Figure 4-1 lives on the policy that is printed for it") {
  lives_on_printed_policy(Pattern::vip);
}

TEST_CASE("Figure 5-1 lives on the policy that is printed for it") {
  lives_on_printed_policy(Pattern::eip);
}

TEST_CASE("Figure 6-1 lives on the policy that is printed for it") {
  lives_on_printed_policy(Pattern::dns);
}

TEST_CASE("a secondary address lives on the policy that is printed for it") {
  lives_on_printed_policy(Pattern::sip);
}

TEST_CASE("a resource with a role of its own moves and fails over by what that role may do") {
  PatternStage stage(
      Pattern::vip, [](Site& site) { site.address_lines = role_line(); }, share_rights);
  const std::string owner = stage.owner();
  CHECK(troubles_told_by_doctor(stage, owner) == "");
  moves_and_fails_over(stage);
  CHECK(refusals(stage.lab) == "");
  for (const SiteNode& node : stage.site.nodes) {
    CHECK(roles_taken(api_calls(stage.lab), node.name) >= 1);
  }
  // What is not the role's is asked for with the daemon's own rights, and its monitors go by it,
  // too: what they may not see moves nothing.
  const std::int64_t before = monotonic_ns();
  const std::string left = stage.cluster->other(stage.cluster->other(owner));
  REQUIRE(stage.lab.fault({"deny", taken_role, "ec2:Describe*"}));
  CHECK(stage.waits_for([&] {
    return stage.said_by(left, fmt::format("role {} is not permitted", taken_role), before) ||
           stage.said_by(left, "(105 : the AWS CLI command failed.", before);
  }));
  CHECK(must(stage.cluster->view(left)).owner == left);
}

TEST_CASE("by the AWS CLI, a resource with a role of its own fails over by that role") {
  PatternStage stage(
      Pattern::vip,
      [](Site& site) {
        site.backend = "cli";
        site.address_lines = "aws_timeout = \"30s\"\n" + role_line();
      },
      share_rights);
  // Each of its calls starts a program of Python.
  constexpr Duration slow = 3 * patience;
  const std::string first = must(stage.cluster->wait_until_formed(slow)).owner;
  REQUIRE(stage.lab.fault({"kill", first}));
  const std::string second = stage.cluster->other(first);
  must(stage.cluster->wait_until_moved_from(first, slow));
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  CHECK(refusals(stage.lab) == "");
  CHECK(roles_taken(api_calls(stage.lab), second) >= 1);
}

}  // namespace mainstay::bench
