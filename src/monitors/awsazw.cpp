// AWS AZ monitor: what AWS says of the Availability Zone that the node is in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "monitors/monitor.h"
#include "ports/aws_words.h"

namespace mainstay {
namespace {

struct Config {
  std::string zone;
  std::string role_arn;
  Duration aws_timeout = 5s;
};

constexpr int number_impaired = 7;
constexpr int number_unavailable = 8;

Call aws_call(const Config& config, const MonitorContext& context) {
  return {std::min(context.call.deadline, context.clock.now() + config.aws_timeout),
          context.call.cancellation};
}

Health unknown(const Error& error) { return {Verdict::unknown, error.number, error.message}; }

// AWS did answer, but a zone that does not exist says nothing about the one that the node is in.
Health no_answer_from(const Config& config, const Error& error) {
  if (error.code != Code::not_found) {
    return unknown(aws_error(error, "Describing Availability Zone " + config.zone));
  }
  return {Verdict::unknown, number_aws_failed,
          fmt::format("{} Correct \"zone\" of this node.", error.message)};
}

Health judge(const AwsZone& zone) {
  std::string said = fmt::format("{}", fmt::join(zone.messages, " "));
  if (!said.empty()) said = " AWS says: " + said;
  switch (zone.state) {
    case ZoneState::available:
      return healthy();
    case ZoneState::unavailable:
      return {Verdict::unhealthy, number_unavailable,
              fmt::format("The availability zone is unavailable. {}.{}", zone.name, said)};
    case ZoneState::information:
    case ZoneState::impaired:
      break;
  }
  return {Verdict::unknown, number_impaired,
          fmt::format("The availability zone is impaired. {}.{}", zone.name, said)};
}

Task<Health> observe(const Config& given, MonitorContext& context) {
  Config config = given;
  if (config.zone.empty()) {
    const auto identity = co_await context.aws.identity(aws_call(config, context));
    if (!identity) {
      co_return unknown(
          aws_error(identity.error(), "The metadata service did not say which zone this is"));
    }
    config.zone = identity->zone;
  }
  const auto zone = co_await context.aws.zone(config.zone, aws_call(config, context));
  if (!zone) co_return no_answer_from(config, zone.error());
  co_return judge(*zone);
}

std::vector<KnownProblem> problems() {
  return {
      {number_aws_failed, "the AWS CLI command failed.",
       "The credentials or the region are not correct, or the IAM role lacks a permission; AWS's "
       "own sentence follows. Shown as 105 while `on_unknown` is \"warn\".",
       "Correct what the sentence names. `aws ec2 describe-availability-zones` on the node must "
       "work with the same credentials."},
      {number_aws_failed, "Invalid availability zone: [...]",
       "The zone of this node is written wrongly, or belongs to another region. Shown as 105 while "
       "`on_unknown` is \"warn\".",
       "Specify the correct Availability Zone, or leave it out."},
      {number_timeout, "Timeout occurred.",
       "The regional endpoint of EC2 could not be reached. Shown as 106 while `on_unknown` is "
       "\"warn\".",
       "Check that the NAT instance runs, that the routes to it exist, and that no filter drops "
       "the packets."},
      {number_impaired, "The availability zone is impaired.",
       "AWS has information about the zone, or calls it impaired. Shown as 107: a warning.",
       "See the AWS Health Dashboard. Consider moving groups to another zone."},
      {number_unavailable, "The availability zone is unavailable.", "AWS calls it unavailable.",
       "Nothing in it can be relied on. See the AWS Health Dashboard."},
  };
}

}  // namespace

MonitorType awsazw_monitor() {
  TypeSchema schema;
  schema.type = "awsazw";
  schema.title = "AWS AZ monitor";
  schema.summary =
      "Watches the Availability Zone of each node: available is normal, information and impaired "
      "are a warning, unavailable is an error.";
  schema.fields = {
      field(&Config::zone, "zone")
          .label("Availability Zone")
          .help("The zone of the node. Asked from the metadata service if left out.")
          .per_node(),
      field(&Config::role_arn, "role_arn")
          .label("IAM role")
          .help("The role that is taken on to ask AWS. That of [aws] if left out.")
          .format(TextFormat::role_arn),
      field(&Config::aws_timeout, "aws_timeout")
          .label("AWS timeout")
          .help("How long AWS has for an answer.")
          .range(100ms, 999s),
  };
  schema.iam_actions = {"ec2:DescribeAvailabilityZones"};
  schema.api_uses = {{"ec2:DescribeAvailabilityZones", 0, 1, 0}};
  schema.problems = problems();
  schema.example =
      "[[monitor]]\n"
      "name = \"awsazw1\"\n"
      "type = \"awsazw\"\n"
      "[monitor.node.server1]\n"
      "zone = \"ap-northeast-1a\"\n"
      "[monitor.node.server2]\n"
      "zone = \"ap-northeast-1c\"\n"
      "[monitor.recovery]\n"
      "target = \"local\"\n"
      "final_action = \"none\"\n";
  Monitor<Config> type;
  type.schema = std::move(schema);
  type.observe = observe;
  return type;
}

}  // namespace mainstay
