// AWS notice monitor: what EC2 announces to the instance before it happens.
#include <fmt/format.h>

#include <algorithm>

#include "monitors/monitor.h"
#include "ports/aws_words.h"

namespace mainstay {
namespace {

struct Config {
  bool spot_interruption = true;
  bool rebalance = true;
  bool maintenance = true;
  bool scale_in = true;
  Duration lead = 15min;
  Duration aws_timeout = 5s;
};

constexpr int number_interruption = 7;
constexpr int number_rebalance = 8;
constexpr int number_maintenance = 9;
constexpr int number_scale_in = 10;

struct Words {
  bool heeded;
  int number;
  const char* sentence;
};

Words words_of(const Config& config, NoticeKind kind) {
  switch (kind) {
    case NoticeKind::spot_interruption:
      return {config.spot_interruption, number_interruption,
              "The Spot Instance will be interrupted."};
    case NoticeKind::rebalance:
      return {config.rebalance, number_rebalance,
              "The interruption of the Spot Instance has become likely."};
    case NoticeKind::scale_in:
      return {config.scale_in, number_scale_in, "Auto Scaling ends the instance."};
    case NoticeKind::maintenance:
      break;
  }
  return {config.maintenance, number_maintenance, "AWS will service the instance."};
}

// Weeks may lie between the notice of a maintenance and the maintenance.
bool is_near(const Config& config, const MonitorContext& context, const AwsNotice& notice) {
  const auto lead = std::chrono::duration_cast<std::chrono::milliseconds>(config.lead);
  return !notice.at || *notice.at - context.clock.wall() <= lead;
}

Task<Health> observe(const Config& config, MonitorContext& context) {
  const Call call{std::min(context.call.deadline, context.clock.now() + config.aws_timeout),
                  context.call.cancellation};
  const auto notices = co_await context.aws.notices(call);
  if (!notices) {
    const Error error = aws_error(notices.error(), "Asking the metadata service for notices");
    co_return Health{Verdict::unknown, error.number, error.message};
  }
  Health health = healthy();
  for (const AwsNotice& notice : *notices) {
    const Words words = words_of(config, notice.kind);
    if (!words.heeded || health.verdict == Verdict::unhealthy) continue;
    health.verdict = is_near(config, context, notice) ? Verdict::unhealthy : Verdict::unknown;
    health.number = words.number;
    health.message = fmt::format("{} {}{}.", words.sentence, notice.what,
                                 notice.at ? ", from " + to_text(*notice.at) : "");
  }
  co_return health;
}

std::vector<KnownProblem> problems() {
  return {
      {number_aws_failed, "the AWS CLI command failed.",
       "The metadata service refuses to answer. Shown as 105 while `on_unknown` is \"warn\".",
       "Turn the instance metadata service on, with IMDSv2."},
      {number_timeout, "Timeout occurred.",
       "The metadata service does not answer. Shown as 106 while `on_unknown` is \"warn\".",
       "Check that no filter drops packets to 169.254.169.254; in a container, that the hop limit "
       "is 2."},
      {number_interruption, "The Spot Instance will be interrupted.",
       "AWS takes its capacity back, two minutes after the notice.",
       "Nothing is to be done: the groups move. Run nodes that must stay On-Demand."},
      {number_rebalance, "The interruption of the Spot Instance has become likely.",
       "AWS recommends to go on elsewhere. Often, not always, the interruption follows.",
       "Set `rebalance = false` if the groups are to wait for the interruption itself."},
      {number_maintenance, "AWS will service the instance.",
       "A scheduled event: a reboot, a stop, or the retirement of its hardware. Shown as 109, a "
       "warning, until it is nearer than `lead`.",
       "Stop and start the instance at a time of your choice, or let the groups move."},
      {number_scale_in, "Auto Scaling ends the instance.",
       "It leaves its Auto Scaling group, or goes back to the warm pool.",
       "Protect the nodes of a cluster from scale-in."},
  };
}

}  // namespace

MonitorType awsnoticew_monitor() {
  TypeSchema schema;
  schema.type = "awsnoticew";
  schema.title = "AWS notice monitor";
  schema.summary =
      "Asks the instance metadata service what EC2 has announced: a Spot interruption, a rebalance "
      "recommendation, scheduled maintenance, the end by Auto Scaling. With `final_action = "
      "\"drain\"` the groups leave the node before the instance goes.";
  schema.fields = {
      field(&Config::spot_interruption, "spot_interruption")
          .label("Spot interruption")
          .help("Whether the notice of an interruption counts."),
      field(&Config::rebalance, "rebalance")
          .label("Rebalance recommendation")
          .help("Whether a rebalance recommendation counts."),
      field(&Config::maintenance, "maintenance")
          .label("Scheduled maintenance")
          .help("Whether a scheduled event counts."),
      field(&Config::scale_in, "scale_in")
          .label("Auto Scaling")
          .help("Whether the end by Auto Scaling counts."),
      field(&Config::lead, "lead")
          .label("Lead time")
          .help("How long before a scheduled event it begins to count; until then it is a warning.")
          .range(0s, 14 * 24h),
      field(&Config::aws_timeout, "aws_timeout")
          .label("AWS timeout")
          .help("How long the metadata service has for its answers.")
          .range(100ms, 999s),
  };
  schema.problems = problems();
  schema.notes =
      "An interruption is announced two minutes ahead: choose a short `interval`, and `retries = "
      "0`.\n";
  schema.example =
      "[[monitor]]\n"
      "name = \"awsnoticew1\"\n"
      "type = \"awsnoticew\"\n"
      "interval = \"5s\"\n"
      "timeout = \"10s\"\n"
      "retries = 0\n"
      "[monitor.recovery]\n"
      "target = \"local\"\n"
      "final_action = \"drain\"\n";
  Monitor<Config> type;
  type.schema = std::move(schema);
  type.observe = observe;
  return type;
}

}  // namespace mainstay
