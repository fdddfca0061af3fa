// What a failover asks of AWS, by the lab's own record; and the same failovers by the AWS CLI.
#include "e2e/drift.h"

#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

struct Call {
  std::string action;
  std::string outcome;
  std::int64_t begun_ns = 0;
  std::int64_t ended_ns = 0;
};

// Of EC2, by this instance, after the event of this number, in the order of their answers.
std::vector<Call> calls_of(const Lab& lab, const std::string& instance, std::uint64_t since) {
  const auto text =
      must(output_of(lab.command({"events", "--json", "--since", std::to_string(since)})));
  std::vector<Call> calls;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const auto event = nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false);
    begin = end + 1;
    const bool ours = !event.is_discarded() && event.value("kind", "") == "api" &&
                      event.value("caller", "") == instance;
    if (!ours || event.at("details").value("service", "") != "ec2") continue;
    const auto ended = event.value("monotonic_ns", std::int64_t{0});
    calls.push_back({event.value("action", ""), event.value("outcome", ""),
                     ended - event.value("duration_us", std::int64_t{0}) * 1000, ended});
  }
  return calls;
}

std::int64_t count_of(const std::vector<Call>& calls, std::string_view action) {
  return std::ranges::count(calls, action, &Call::action);
}

void use_cli(Site& site) {
  site.backend = "cli";
  // Each of its calls starts a program of Python.
  site.address_lines = "aws_timeout = \"30s\"\n";
  if (site.pattern == Pattern::vip) site.more = std::string(hasty_routes);
}

// The command line is run through a program that keeps a list.
void list_commands(const PatternStage& stage) {
  for (const SiteNode& node : stage.site.nodes) {
    REQUIRE(
        stage.lab.write(node.name, "/etc/mainstay/listed-aws",
                        "#!/bin/sh\necho \"$1 $2\" >> /var/log/aws-commands\nexec aws \"$@\"\n"));
    REQUIRE(stage.lab.write(node.name, "/etc/mainstay/clpaws_setting.conf",
                            "[ENVIRONMENT]\nCLP_AWS_CMD = /etc/mainstay/listed-aws\n"));
  }
}

// The stories of a pattern once more. `command`: what must have been run for them.
void lives_by_cli(Pattern pattern, const std::string& command) {
  PatternStage stage(pattern, use_cli, list_commands);
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
  must(stage.cluster->ask(first, {"group", "move", std::string(group_name), second}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(must(stage.cluster->last_activation(second)).evidence == "reported");
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  drift_is_put_right(stage);
  REQUIRE(stage.lab.fault({"kill", second}));
  must(stage.cluster->wait_until_moved_from(second, patience));
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
  CHECK(must(stage.cluster->last_activation(first)).evidence == "presumed");
  const std::string commands = must(stage.lab.exec(first, {"cat", "/var/log/aws-commands"}));
  CHECK_MESSAGE(commands.find(command + "\n") != std::string::npos, commands);
}

}  // namespace

TEST_CASE("a failover with three route tables asks EC2 five times, in two rounds") {
  PatternStage stage(Pattern::vip);
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  constexpr Duration latency = 300ms;
  REQUIRE(stage.lab.fault({"api", "latency", "300ms", "--action", "ec2:*"}));
  const std::uint64_t since = must(stage.lab.last_event());
  REQUIRE(stage.lab.fault({"kill", first}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  const auto calls = calls_of(stage.lab, second, since);
  const auto last = std::find_if(calls.rbegin(), calls.rend(),
                                 [](const Call& call) { return call.action == "ReplaceRoute"; });
  REQUIRE(last != calls.rend());
  const std::vector<Call> critical(calls.begin(), last.base());
  std::string story;
  for (const Call& call : critical) {
    story +=
        fmt::format("{} {} {} to {}\n", call.action, call.outcome, call.begun_ns, call.ended_ns);
  }
  CHECK_MESSAGE(critical.size() <= 5, story);
  CHECK(count_of(critical, "DescribeVpcs") <= 1);
  CHECK(count_of(critical, "DescribeRouteTables") <= 1);
  CHECK_MESSAGE(count_of(critical, "ReplaceRoute") == 3, story);
  for (const Call& call : critical) CHECK_MESSAGE(call.outcome == "ok", story);
  // One after the other they would take five times the latency.
  const std::int64_t begun = std::ranges::min(critical, {}, &Call::begun_ns).begun_ns;
  CHECK_MESSAGE(critical.back().ended_ns - begun < 3 * latency.count(), story);
}

TEST_CASE("a throttled account silences monitors first, and fails over all the same") {
  PatternStage stage(Pattern::vip, [](Site& site) { site.more = std::string(hasty_routes); });
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  const std::int64_t begun = monotonic_ns();
  REQUIRE(stage.lab.fault({"limit", "ec2:DescribeRouteTables", "1", "0.2"}));
  CHECK(stage.waits_for([&] {
    return stage.said_by(first, "is in the warning status. (105 : the AWS CLI command failed.",
                         begun);
  }));
  // Ten looks are due meanwhile.
  const std::uint64_t since = must(stage.lab.last_event());
  REQUIRE(pause(10s));
  CHECK(count_of(calls_of(stage.lab, first, since), "DescribeRouteTables") == 0);
  CHECK(stage.owner() == first);

  REQUIRE(stage.lab.fault({"api", "throttle", "--action", "ec2:*", "--rate", "50%"}));
  REQUIRE(stage.lab.fault({"kill", first}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
}

TEST_CASE("Figure 4-1 by the AWS CLI: moved, changed by hand, lost") {
  lives_by_cli(Pattern::vip, "ec2 replace-route");
}

TEST_CASE("Figure 5-1 by the AWS CLI: moved, changed by hand, lost") {
  lives_by_cli(Pattern::eip, "ec2 associate-address");
}

TEST_CASE("Figure 6-1 by the AWS CLI: moved, changed by hand, lost") {
  lives_by_cli(Pattern::dns, "route53 change-resource-record-sets");
}

TEST_CASE("a secondary address by the AWS CLI: moved, changed by hand, lost") {
  lives_by_cli(Pattern::sip, "ec2 assign-private-ip-addresses");
}

}  // namespace mainstay::bench
