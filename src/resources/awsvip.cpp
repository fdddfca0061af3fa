// AWS Virtual IP: an address outside the VPC's ranges that every route table sends to the node that
// runs the group.
//
// Activation is made of few round trips, because clients wait for it: what EC2 must be asked is
// asked side by side, then all routes are replaced side by side while the address is added to the
// interface. Clients are served from then on; the routes are read again to be sure, with patience,
// since EC2 may describe the past for a while.
#include "resources/awsvip.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"
#include "config/ip_address.h"

namespace mainstay {
namespace {

using namespace awsvip;

// ---- Where we are.

// The configuration's word, and the metadata service's where it says nothing. With a configured ENI
// and VPC, AWS need not be asked at all.
Task<Result<Place>> locate(const Config& config, Context& context) {
  Place place{config.vpc_id, config.eni_id, config.interface, ""};
  if (!place.vpc.empty() && !place.eni.empty()) co_return place;
  const auto own = co_await own_interface(place.eni, config.aws_timeout, context);
  if (!own) co_return std::unexpected(own.error());
  if (place.vpc.empty()) place.vpc = own->vpc;
  place.eni = own->id;
  place.mac = own->mac;
  co_return place;
}

Task<Result<Place>> locate_patiently(const Config& config, Context& context) {
  Duration pause = aws_pause_min;
  while (true) {
    auto place = co_await locate(config, context);
    if (place) co_return place;
    const bool again = co_await worth_another_try(context, place.error(), pause);
    if (!again) co_return place;
  }
}

// ---- The address.

Task<Status> add_address(const Config& config, Context& context, const Place& place) {
  std::string interface = place.interface;
  if (interface.empty()) {
    const auto found = co_await kernel_interface(place.eni, place.mac, config.aws_timeout, context);
    if (!found && found.error().number != 0) co_return std::unexpected(found.error());
    if (!found) {
      co_return numbered(found.error().code, number_add_failed,
                         fmt::format("Failed to add the VIP address. {}", found.error().message));
    }
    interface = *found;
  }
  const Status added = co_await context.host.add_address(interface, config.ip, context.call);
  if (added) co_return Status{};
  if (added.error().code == Code::cancelled) co_return added;
  co_return numbered(added.error().code, number_add_failed,
                     fmt::format("Failed to add the VIP address. {} on {}: {}", config.ip,
                                 interface, added.error().message));
}
// ---- Advice.

void advise_on_tables(const Config& config, Context& context,
                      const std::vector<AwsRouteTable>& tables) {
  for (const AwsRouteTable& table : tables) {
    if (table.subnets.empty() || has_route(config, table)) continue;
    context.warn(
        fmt::format("{}: route table {} has subnets but no route for {}. Nothing in these "
                    "subnets can reach the VIP; add the route if something there should.",
                    context.resource, label(table), host_route(config)));
  }
}

Task<Status> advise_on_interface(const Config& config, Context& context, const Place& place) {
  const auto eni =
      co_await context.aws.network_interface(place.eni, advice_call(config.aws_timeout, context));
  if (eni && eni->source_dest_check) {
    context.warn(
        fmt::format("{}: Source/Dest. Check of {} is enabled, so packets for {} are "
                    "dropped before they reach this node. Disable it.",
                    context.resource, place.eni, config.ip));
  }
  co_return Status{};
}

// ---- Verbs.

// What must be known before anything is changed.
Task<Status> survey(const Config& config, Context& context, const Place& place,
                    std::vector<AwsRouteTable>& tables) {
  std::vector<Task<Status>> tasks;
  tasks.push_back(check_ranges(config, context, place.vpc));
  tasks.push_back(read_tables_patiently(config, context, place.vpc, tables));
  const std::vector<Status> results = co_await when_all(std::move(tasks));
  // That the address is a wrong one explains most other troubles.
  if (!results[0]) co_return results[0];
  co_return results[1];
}

// Another node, or a hand, may have written what a stale reading does not show yet: a route that
// looks right is written, too.
Which which_tables() {
  return sabotaged(Sabotage::stale_describe_trusted) ? Which::wrong : Which::all;
}

Task<Status> activate(const Config& config, Context& context) {
  const auto place = co_await locate_patiently(config, context);
  if (!place) co_return std::unexpected(place.error());
  std::vector<AwsRouteTable> tables;
  Status surveyed = co_await survey(config, context, *place, tables);
  if (!surveyed) co_return surveyed;
  if (!any_route(config, tables)) co_return no_route(config, *place);

  auto open = tables_to_replace(config, *place, tables, which_tables());
  std::vector<Task<Status>> changes;
  changes.push_back(add_address(config, context, *place));
  changes.push_back(replace_all(config, context, *place, open));
  const std::vector<Status> changed = co_await when_all(std::move(changes));
  if (!changed[0]) co_return changed[0];
  if (!changed[1] && is_final(changed[1].error())) co_return changed[1];

  advise_on_tables(config, context, tables);
  std::vector<Task<Status>> afterwards;
  afterwards.push_back(settle(config, context, *place, open, changed[1]));
  afterwards.push_back(advise_on_interface(config, context, *place));
  const std::vector<Status> settled = co_await when_all(std::move(afterwards));
  co_return settled[0];
}

Task<Status> deactivate(const Config& config, Context& context) {
  std::string interface = config.interface;
  if (interface.empty()) {
    const auto found = co_await context.host.interface_with_address(config.ip, context.call);
    if (!found && found.error().code == Code::not_found) co_return Status{};
    if (!found) {
      co_return numbered(
          found.error().code, number_remove_failed,
          fmt::format("Failed to delete the VIP address. {}", found.error().message));
    }
    interface = *found;
  }
  const Status removed = co_await context.host.remove_address(interface, config.ip, context.call);
  if (removed) co_return Status{};
  co_return numbered(removed.error().code, number_remove_failed,
                     fmt::format("Failed to delete the VIP address. {} on {}: {}", config.ip,
                                 interface, removed.error().message));
}

Task<Health> check(const Config& config, Context& context) {
  const auto present = co_await context.host.has_address(config.ip, context.call);
  if (!present) co_return unknown_health(present.error());
  if (!*present) {
    co_return Health{Verdict::unhealthy, number_absent,
                     fmt::format("The VIP address does not exist. No interface of this node has "
                                 "{}.",
                                 config.ip)};
  }
  const auto place = co_await locate(config, context);
  if (!place) co_return unknown_health(place.error());
  std::vector<AwsRouteTable> tables;
  const Status read = co_await read_tables(config, context, place->vpc, tables);
  if (!read) co_return unknown_health(read.error());
  std::string changed;
  for (const Wrong& wrong : tables_to_replace(config, *place, tables, Which::wrong)) {
    changed += fmt::format(" Route table {} sends {} to {}, not to {}.", label(wrong.table),
                           config.ip, wrong.holder, place->eni);
  }
  if (!any_route(config, tables)) {
    changed =
        fmt::format(" No route table of {} holds a route for {}.", place->vpc, host_route(config));
  }
  if (changed.empty()) co_return healthy();
  co_return Health{Verdict::unhealthy, number_changed,
                   "The routing for VIP was changed." + changed};
}

// ---- Declaration.

std::vector<Contradiction> laws(const Params& params) {
  const std::string& text = std::get<std::string>(params.at("ip"));
  const auto ip = ip_number(text);
  if (!ip || kind_of(*ip) == IpKind::unicast) return {};
  return {{"ip", fmt::format("{} cannot be the address of a service", text),
           "Choose a unicast address outside all ranges of the VPC."}};
}

std::vector<Field> fields() {
  return {
      field(&Config::ip, "ip")
          .label("IP Address")
          .help("The virtual IP address. It must lie outside all CIDR ranges of the VPC.")
          .required()
          .format(TextFormat::ip)
          .unique(),
      field(&Config::vpc_id, "vpc_id")
          .label("VPC ID")
          .help("The VPC whose route tables are switched. Asked from the metadata service if left "
                "out.")
          .per_node()
          .format(TextFormat::vpc_id),
      field(&Config::eni_id, "eni_id")
          .label("ENI ID")
          .help("The elastic network interface of the node that the VIP is routed to. Asked from "
                "the metadata service (the first interface) if left out.")
          .per_node()
          .format(TextFormat::eni_id),
      field(&Config::interface, "interface")
          .label("Interface")
          .help("Kernel name of the network interface that gets the address. Found by the ENI's "
                "MAC address if left out.")
          .per_node()
          .format(TextFormat::interface_name),
      role_field<Config>(),
      field(&Config::aws_timeout, "aws_timeout")
          .label("AWS timeout")
          .help("How long AWS has for one answer before it is asked again.")
          .range(100ms, 999s),
  };
}

std::vector<KnownProblem> problems() {
  return {
      {number_aws_failed, "the AWS CLI command failed.",
       "The credentials, region, VPC ID or ENI ID are not correct, or the IAM role lacks a "
       "permission; AWS's own sentence follows or stands in its place, such as The vpc ID '...' "
       "does not exist.",
       "Correct what the sentence names. `aws ec2 describe-route-tables` on the node must work "
       "with the same credentials."},
      {number_timeout, "Timeout occurred.", "The regional endpoint of EC2 could not be reached.",
       "Check that the NAT instance runs, that the routes to it exist, and that no filter drops "
       "the packets; or add a VPC endpoint for EC2."},
      {number_in_vpc, "The VIP address belongs to a VPC subnet.",
       "The address lies inside a CIDR range of the VPC.",
       "Choose an address outside all CIDR ranges of the VPC."},
      {number_add_failed, "Failed to add the VIP address.",
       "The interface does not exist, or the daemon may not change it.",
       "Check `interface` and `eni_id` for this node."},
      {number_remove_failed, "Failed to delete the VIP address.",
       "The interface does not exist any more, or the daemon may not change it.",
       "Remove the address by hand: `ip address del`."},
      {number_no_route, "There is no route for the VIP address.",
       "No route table of the VPC holds a route for the address; activation replaces routes, it "
       "does not make them.",
       "Add the route to every route table whose subnets need the VIP."},
      {0, "The resource is running, but ping cannot reach the VIP address.",
       "Source/Dest. Check of the ENI is enabled, or the client's subnet has a route table without "
       "the route. The resource warns of both when it is activated.",
       "Disable Source/Dest. Check; add the route."},
  };
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "awsvipw";
  check.title = "AWS Virtual IP monitor";
  check.summary =
      "Checks that the address of an `awsvip` resource is on the node and that the route tables "
      "send it there. Added by itself with every awsvip resource.";
  check.interval = 60s;
  check.timeout = 180s;
  check.retries = 1;
  check.problems = {
      {number_absent, "The VIP address does not exist.",
       "The address was removed from the node's interface.",
       "The resource is restarted automatically. Find out what changes the interface."},
      {number_changed, "The routing for VIP was changed.",
       "The target of the VIP's route was changed to another ENI outside the cluster.",
       "The resource is restarted automatically. Check whether another cluster uses the same VIP "
       "address by mistake."},
  };
  return check;
}

}  // namespace

ResourceType awsvip_resource() {
  TypeSchema schema;
  schema.type = "awsvip";
  schema.title = "AWS Virtual IP";
  schema.summary =
      "A virtual IP address that follows the group: all routes for it in the route tables of the "
      "VPC are pointed at the node that runs the group.";
  schema.fields = fields();
  schema.iam_actions = {"ec2:DescribeVpcs", "ec2:DescribeRouteTables",
                        "ec2:DescribeNetworkInterfaces", "ec2:ReplaceRoute"};
  schema.mending_actions = {"ec2:CreateRoute", "ec2:ModifyNetworkInterfaceAttribute"};
  // Twice, to see what was changed; of routes, one for each table that holds the address.
  schema.api_uses = {{"ec2:DescribeVpcs", 1, 0, 1},
                     {"ec2:DescribeRouteTables", 2, 1, 1},
                     {"ec2:DescribeNetworkInterfaces", 1, 0, 1},
                     {"ec2:DescribeSubnets", 0, 0, 1},
                     {"ec2:ReplaceRoute", 1, 0, 1}};
  schema.problems = problems();
  schema.check = check_schema();
  schema.laws = laws;
  schema.example =
      "[[resource]]\n"
      "name = \"awsvip1\"\n"
      "type = \"awsvip\"\n"
      "group = \"failover1\"\n"
      "ip = \"10.1.0.20\"\n"
      "vpc_id = \"vpc-0a1b2c3d4e5f60718\"\n"
      "[resource.node.server1]\n"
      "eni_id = \"eni-0a1b2c3d4e5f60711\"\n"
      "[resource.node.server2]\n"
      "eni_id = \"eni-0a1b2c3d4e5f60712\"\n";
  Resource<Config> type;
  type.schema = std::move(schema);
  type.activate = activate;
  type.deactivate = deactivate;
  type.check = check;
  return type;
}

}  // namespace mainstay
