// What monitors may move and what they may not, with real daemons in the lab: notices, zones,
// names, drift, and an AWS that says nothing or nonsense.
#include "e2e/drift.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view notices =
    "\n[[monitor]]\nname = \"awsnoticew1\"\ntype = \"awsnoticew\"\ninterval = \"1s\"\n"
    "retries = 0\n[monitor.recovery]\ntarget = \"local\"\nfinal_action = \"drain\"\n";
constexpr std::string_view zones =
    "\n[[monitor]]\nname = \"awsazw1\"\ntype = \"awsazw\"\ninterval = \"1s\"\nretries = 0\n"
    "[monitor.recovery]\ntarget = \"local\"\nfinal_action = \"drain\"\n";

// So long nothing must happen that should not; monitors run several times meanwhile.
constexpr Duration watched = 8s;

struct Standing {
  std::string owner;
  std::uint64_t term = 0;
  friend bool operator==(const Standing&, const Standing&) = default;
};

Standing standing(PatternStage& stage) {
  const View view = must(stage.cluster->wait_until_formed(patience));
  return {view.owner, view.term};
}

using Faults = std::vector<std::vector<std::string>>;

// The group stays where it is, in its term, with every resource as it was.
void stays_through(PatternStage& stage, const Faults& faults, std::string_view warning,
                   const Faults& mending = {{"clear"}}) {
  const Standing before = standing(stage);
  const std::int64_t begun = monotonic_ns();
  for (const auto& fault : faults) REQUIRE(stage.lab.fault(fault));
  CHECK(stage.waits_for([&] { return stage.said_by(before.owner, std::string(warning), begun); }));
  REQUIRE(pause(watched));
  CHECK_FALSE(stage.said_by(before.owner, "stopping", begun));
  CHECK_FALSE(stage.said_by(before.owner, "asked for", begun));
  for (const auto& end : mending) REQUIRE(stage.lab.fault(end));
  CHECK(stage.waits_for([&] { return stage.said_by(before.owner, "is healthy again", begun); }));
  CHECK(standing(stage) == before);
  CHECK(stage.waits_for([&] { return stage.serves(before.owner); }));
}

}  // namespace

TEST_CASE("a notice of EC2 moves the group before the instance goes") {
  PatternStage stage(Pattern::vip, [](Site& site) { site.more = notices; });
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  const std::int64_t begun = monotonic_ns();
  REQUIRE(stage.lab.fault({"notice", first, "spot", "terminate", "2min"}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(monotonic_ns() - begun < Duration(30s).count());
  CHECK(must(stage.lab.life_of(first)) == "running");
  CHECK(must(stage.cluster->last_activation(second)).evidence == "reported");
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  CHECK(stage.said_by(first, "(7 : The Spot Instance will be interrupted. terminate", begun));
  // While it stands, the node is no target, whatever becomes of the order.
  const auto back = stage.cluster->ask(second, {"group", "move", std::string(group_name), first});
  REQUIRE(pause(3s));
  CHECK_MESSAGE(must(stage.cluster->view(second)).owner == second,
                (back ? *back : back.error().message));
  REQUIRE(stage.lab.fault({"notice", first, "clear"}));
  CHECK(stage.waits_for([&] { return stage.said_by(first, "takes groups again", begun); }));
}

TEST_CASE("an impaired zone is a warning; groups leave one that is unavailable") {
  PatternStage stage(Pattern::vip, [](Site& site) { site.more = zones; });
  const Standing first = standing(stage);
  const std::string second = stage.cluster->other(first.owner);
  stays_through(stage, {{"zone", "ap-northeast-1a", "impaired", "power"}},
                "is in the warning status. (107 : The availability zone is impaired.");
  const std::int64_t begun = monotonic_ns();
  REQUIRE(stage.lab.fault({"zone", "ap-northeast-1a", "unavailable", "power"}));
  must(stage.cluster->wait_until_moved_from(first.owner, patience));
  CHECK(stage.said_by(first.owner, "(8 : The availability zone is unavailable.", begun));
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
}

TEST_CASE("Figure 4-1: a route changed by hand is put right, and no answer moves nothing") {
  PatternStage stage(Pattern::vip, [](Site& site) {
    site.more = std::string(hasty_routes);
    site.address_lines = "aws_timeout = \"1s\"\n";
  });
  stays_through(stage, {{"api", "outage", "--action", "ec2:*"}},
                "is in the warning status. (106 : Timeout occurred.");
  stays_through(stage, {{"deny", "ha-node", "ec2:DescribeRouteTables"}},
                "is in the warning status. (105 : the AWS CLI command failed.",
                {{"permit", "ha-node", "ec2:DescribeRouteTables"}});
  stays_through(stage, {{"api", "throttle", "--action", "ec2:*"}},
                "is in the warning status. (105 : the AWS CLI command failed.");

  const Standing before = standing(stage);
  drift_is_put_right(stage);
  CHECK(standing(stage) == before);
}

TEST_CASE("Figure 5-1: no answer about an Elastic IP moves nothing") {
  PatternStage stage(Pattern::eip,
                     [](Site& site) { site.address_lines = "aws_timeout = \"1s\"\n"; });
  stays_through(stage, {{"api", "outage", "--action", "ec2:*"}},
                "is in the warning status. (106 : Timeout occurred.");
  stays_through(stage, {{"api", "throttle", "--action", "ec2:*"}},
                "is in the warning status. (105 : the AWS CLI command failed.");
}

TEST_CASE("a secondary address stays where it is while EC2 does not answer") {
  PatternStage stage(Pattern::sip,
                     [](Site& site) { site.address_lines = "aws_timeout = \"1s\"\n"; });
  stays_through(stage, {{"api", "outage", "--action", "ec2:*"}},
                "is in the warning status. (106 : Timeout occurred.");
}

TEST_CASE("Figure 6-1: a wrong resolver is told by its number, and repaired in place") {
  PatternStage stage(Pattern::dns, [](Site& site) {
    site.address_lines = "aws_timeout = \"1s\"\nsettle = \"1s\"\n";
  });
  const Standing first = standing(stage);
  CHECK(stage.waits_for([&] { return stage.serves(first.owner); }));
  // Until the name is settled, its monitor does not mind.
  REQUIRE(pause(8s));
  stays_through(stage, {{"dns", "outage", first.owner}},
                "is in the warning status. (109 : Failed to check name resolution.");
  stays_through(stage, {{"api", "outage", "--action", "route53:*"}, {"dns", "outage", first.owner}},
                "is in the warning status. (10");

  const auto detects = [&](const std::string& spoil, const std::string& mend,
                           const std::string& message) {
    const std::int64_t begun = monotonic_ns();
    must(stage.lab.exec(first.owner, {"/bin/sh", "-c", spoil}));
    CHECK(stage.waits_for([&] { return stage.said_by(first.owner, message, begun); }));
    must(stage.lab.exec(first.owner, {"/bin/sh", "-c", mend}));
    CHECK(standing(stage).owner == first.owner);
  };
  detects("cp /etc/resolv.conf /root/; echo nameserver 203.0.113.53 > /etc/resolv.conf",
          "cat /root/resolv.conf > /etc/resolv.conf",
          "detected an error. (9 : Failed to check name resolution.");
  detects(fmt::format("cp /etc/hosts /root/; echo {} service.cluster.internal >> /etc/hosts",
                      stage.address_of(stage.cluster->other(first.owner))),
          "cat /root/hosts > /etc/hosts",
          "detected an error. (10 : The IP address obtained by the DNS name resolution");
}

}  // namespace mainstay::bench
