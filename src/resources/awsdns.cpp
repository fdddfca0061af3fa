// AWS DNS: a record set in Route 53 that names the node that runs the group.
//
// Activation is one change that Route 53 has accepted. That all its name servers know it is seen to
// afterwards: clients of this node's group need not wait for those of other servers.
#include "resources/awsdns.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/ip_address.h"

namespace mainstay {
namespace {

using namespace awsdns;

constexpr Duration sync_pause_min = 1s;
constexpr Duration sync_pause_max = 10s;

Task<Status> upsert(const Config& config, Context& context) {
  AwsRecord record = record_of(config);
  const auto change = co_await context.aws.change_record(RecordChange::upsert, std::move(record),
                                                         aws_call(config.aws_timeout, context));
  if (!change) {
    co_return std::unexpected(aws_error(
        change.error(),
        fmt::format("Pointing {} in hosted zone {} at {}", config.name, config.zone_id, config.ip),
        failed));
  }
  context.kept.change = *change;
  context.kept.changed = context.clock.now();
  context.progress(
      fmt::format("{} is {} now, for Route 53; its name servers follow", config.name, config.ip));
  co_return Status{};
}

Task<Status> activate(const Config& config, Context& context) {
  Duration pause = aws_pause_min;
  while (true) {
    // What may or may not have happened is done again: it is the same change.
    const Status done = co_await upsert(config, context);
    if (done) co_return done;
    const bool again = co_await worth_another_try(context, done.error(), pause);
    if (context.call.cancellation.requested()) {
      co_return numbered(Code::cancelled, 0, "the activation was called off");
    }
    if (!again) co_return done;
  }
}

// The change is told to all name servers of the zone, which takes up to a minute.
Task<Error> watch(const Config& config, Context& context) {
  Duration pause = sync_pause_min;
  const std::string change = context.kept.change;
  while (!change.empty() && !context.call.cancellation.requested()) {
    co_await pause_until(context, context.clock.now() + pause);
    if (context.call.cancellation.requested()) break;
    const auto done =
        co_await context.aws.change_in_sync(change, aws_call(config.aws_timeout, context));
    if (done && *done) {
      context.progress(fmt::format("all name servers of {} know that {} is {}", config.zone_id,
                                   config.name, config.ip));
      break;
    }
    if (!done && is_final(done.error())) {
      if (done.error().code == Code::cancelled) break;
      context.warn(fmt::format("{}: it is not known when all name servers know the change: {}",
                               context.resource, done.error().message));
      break;
    }
    pause = std::min(sync_pause_max, pause * 2);
  }
  co_await wait_for_cancellation(context.call.cancellation);
  co_return Error{Code::cancelled, "called off"};
}

// A stale name is worse than none, but no reason to call the node unable to stop.
void warn_of_leftover(const Config& config, Context& context, const Error& error) {
  context.warn(fmt::format(
      "{}: {} may still name {}, although the group is stopped here: {}. Remove the record set by "
      "hand if the group is to stay stopped.",
      context.resource, config.name, config.ip, error.message));
}

// Only what this run of the daemon has written, and only if it still says so: the address may be
// the same on every node.
Task<Status> deactivate(const Config& config, Context& context) {
  const std::string change = std::exchange(context.kept.change, "");
  context.kept.changed.reset();
  // Whoever takes the group over replaces the record set. If it were gone meanwhile, resolvers
  // would remember for minutes that there is no such name.
  const bool stays_stopped = context.facts.stop_cause == StopCause::group_stop;
  if (change.empty() || !config.delete_at_deactivation || !stays_stopped) co_return Status{};
  const auto record = co_await context.aws.record(config.zone_id, config.name, record_type(config),
                                                  aws_call(config.aws_timeout, context));
  if (!record) {
    warn_of_leftover(config, context, record.error());
    co_return Status{};
  }
  if (!*record || !is_ours(config, (*record)->addresses)) co_return Status{};
  AwsRecord ours = **record;
  const auto removed = co_await context.aws.change_record(RecordChange::remove, std::move(ours),
                                                          aws_call(config.aws_timeout, context));
  if (!removed && removed.error().code != Code::not_found) {
    warn_of_leftover(config, context, removed.error());
  }
  co_return Status{};
}

// ---- Declaration.

std::vector<Contradiction> laws(const Params& params) {
  const std::string& text = std::get<std::string>(params.at("ip"));
  const auto ip = ip_number(text);
  if (!ip || kind_of(*ip) == IpKind::unicast) return {};
  return {{"ip", fmt::format("{} cannot be the address of a service", text),
           "Choose the address that clients reach the node at."}};
}

std::vector<Field> fields() {
  return {
      field(&Config::zone_id, "zone_id")
          .label("Hosted Zone ID")
          .help("The hosted zone of Route 53, private or public, that holds the name.")
          .required()
          .format(TextFormat::hosted_zone_id),
      field(&Config::name, "record_name")
          .label("Resource Record Set Name")
          .help("The name, with its domain and a dot at its end.")
          .required()
          .format(TextFormat::dns_name)
          .unique(),
      field(&Config::ip, "ip")
          .label("IP Address")
          .help("What the name stands for while the group runs on a node: an address of that node, "
                "or a common one, such as that of an awsvip or awseip resource. IPv4 makes a "
                "record set of type A, IPv6 one of type AAAA.")
          .required()
          .per_node()
          .format(TextFormat::ip),
      field(&Config::ttl, "ttl")
          .label("TTL")
          .help("How long resolvers may remember the answer, and so how long clients may go on to "
                "the former node.")
          .range(0s, 7 * 24h),
      field(&Config::delete_at_deactivation, "delete_at_deactivation")
          .label("Delete a resource record set at deactivation")
          .help("Whether the record set is removed when the group is stopped. When it moves, the "
                "next node replaces it."),
      field(&Config::check_name_resolution, "check_name_resolution")
          .label("Check Name Resolution")
          .help("Whether the monitor resolves the name, too, by the zone's name servers and as "
                "programs of this node do."),
      field(&Config::name_servers, "name_servers")
          .label("Name servers")
          .help("Whom the monitor asks. If left out: the zone's own, or the VPC's resolver where "
                "the zone is private.")
          .per_node()
          .format(TextFormat::host),
      field(&Config::settle, "settle")
          .label("Settle time")
          .help("For so long, and the TTL, after a change the monitor does not mind name servers "
                "and resolvers that do not know it yet.")
          .range(0s, 1h),
      role_field<Config>(),
      field(&Config::aws_timeout, "aws_timeout")
          .label("AWS timeout")
          .help("How long AWS has for one answer before it is asked again.")
          .range(100ms, 999s),
  };
}

std::vector<KnownProblem> problems() {
  return {
      {number_aws_failed, std::string(failed),
       "The credentials or the record set are not correct, or the IAM role lacks a permission; "
       "AWS's own sentence follows or stands in its place, such as No hosted zone found with ID: "
       "...",
       "Correct what the sentence names. The name must lie in the zone. `aws route53 "
       "list-resource-record-sets` on the node must work with the same credentials."},
      {number_timeout, "Timeout occurred.", "The endpoint of Route 53 could not be reached.",
       "Route 53 has no VPC endpoint: check that the NAT instance or proxy runs, that the routes "
       "to it exist, and that no filter drops the packets."},
  };
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "awsdnsw";
  check.title = "AWS DNS monitor";
  check.summary =
      "Checks the record set of an `awsdns` resource and how its name is resolved. Added by itself "
      "with every awsdns resource.";
  check.interval = 60s;
  check.timeout = 180s;
  check.retries = 1;
  check.problems = {
      {number_missing, "The resource record set does not exist in Amazon Route 53.",
       "It was deleted outside the cluster.",
       "The resource is restarted automatically. Check whether another cluster uses the same "
       "record set by mistake."},
      {number_different,
       "The different IP address from the setting value is registered in the resource record set.",
       "It was changed outside the cluster.",
       "The resource is restarted automatically. Check whether another cluster uses the same "
       "record set by mistake."},
      {number_not_resolved, "Failed to check name resolution.",
       "The name server or resolver that is named says that there is no such name. Shown as 109, a "
       "warning, if nobody answered at all.",
       "Check the resolver's settings and the network; for a public zone, that the registrar's NS "
       "records name the zone's name servers; for a private one, that it is associated with this "
       "VPC."},
      {number_resolved_differently,
       "The IP address obtained by the DNS name resolution is different from the setting value.",
       "The name server or resolver that is named gives another address.",
       "Check the resolver's settings, and the hosts file for an entry of this name."},
  };
  return check;
}

}  // namespace

RecordType awsdns::record_type(const Config& config) {
  const auto ip = ip_number(config.ip);
  return ip && ip->v6 ? RecordType::aaaa : RecordType::a;
}

AwsRecord awsdns::record_of(const Config& config) {
  return {config.zone_id, config.name, record_type(config), {config.ip}, config.ttl};
}

ResourceType awsdns_resource() {
  TypeSchema schema;
  schema.type = "awsdns";
  schema.title = "AWS DNS";
  schema.summary =
      "A DNS name in a hosted zone of Route 53 that follows the group: it stands for the address "
      "of the node that runs it.";
  schema.fields = fields();
  schema.iam_actions = {"route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets",
                        "route53:GetHostedZone", "route53:GetChange"};
  // The change is asked about until all name servers know it: some seconds at best. The monitor
  // learns the zone's name servers once.
  schema.api_uses = {{"route53:ChangeResourceRecordSets", 1, 0, 1},
                     {"route53:GetChange", 1, 0, 0},
                     {"route53:GetHostedZone", 1, 0, 1},
                     {"route53:ListResourceRecordSets", 0, 1, 1}};
  schema.problems = problems();
  schema.check = check_schema();
  schema.laws = laws;
  schema.notes =
      "Clients find the new node once their resolvers have forgotten the former one: choose `ttl` "
      "for that, and clients that resolve the name again when they connect again.\n";
  schema.example =
      "[[resource]]\n"
      "name = \"awsdns1\"\n"
      "type = \"awsdns\"\n"
      "group = \"failover1\"\n"
      "zone_id = \"Z0123456789ABCDEFGHIJ\"\n"
      "record_name = \"service.hz1.local.\"\n"
      "ttl = \"5s\"\n"
      "[resource.node.server1]\n"
      "ip = \"10.0.110.10\"\n"
      "[resource.node.server2]\n"
      "ip = \"10.0.120.10\"\n";
  Resource<Config> type;
  type.schema = std::move(schema);
  type.activate = activate;
  type.deactivate = deactivate;
  type.check = awsdns::check;
  type.watch = watch;
  return type;
}

}  // namespace mainstay
