// AWS Secondary IP: a private address of the nodes' subnet that follows the group. EC2 hands it to
// the node's ENI, and the node's kernel to the ENI's interface.
#include <fmt/format.h>

#include <algorithm>

#include "config/ip_address.h"
#include "resources/aws_recipe.h"

namespace mainstay {
namespace {

struct Config {
  std::string ip;
  std::string eni_id;
  std::string interface;
  std::string role_arn;
  Duration aws_timeout = 5s;
};

constexpr int number_absent = 7;      // of the monitor: not on the node's interface
constexpr int number_add_failed = 8;  // of the resource
constexpr int number_changed = 8;     // of the monitor, and of an address taken away meanwhile
constexpr int number_remove_failed = 9;

bool is_assigned(const Config& config, const AwsInterface& interface) {
  return std::ranges::any_of(interface.secondary_ips, [&](const std::string& address) {
    return same_ip(address, config.ip);
  });
}

Task<Status> assign(const Config& config, Context& context, const std::string& eni) {
  const Status done =
      co_await context.aws.assign_private_ip(eni, config.ip, aws_call(config.aws_timeout, context));
  if (done) {
    context.progress(fmt::format("{} is assigned to {} now", config.ip, eni));
    co_return Status{};
  }
  co_return std::unexpected(
      aws_error(done.error(), fmt::format("Assigning {} to {}", config.ip, eni)));
}

Task<Status> add_address(const Config& config, Context& context, const std::string& eni) {
  std::string interface = config.interface;
  if (interface.empty()) {
    const auto found = co_await kernel_interface(eni, "", config.aws_timeout, context);
    if (!found && found.error().number != 0) co_return std::unexpected(found.error());
    if (!found) {
      co_return numbered(
          found.error().code, number_add_failed,
          fmt::format("Failed to add the secondary IP address. {}", found.error().message));
    }
    interface = *found;
  }
  const Status added = co_await context.host.add_address(interface, config.ip, context.call);
  if (added || added.error().code == Code::cancelled) co_return added;
  co_return numbered(added.error().code, number_add_failed,
                     fmt::format("Failed to add the secondary IP address. {} on {}: {}", config.ip,
                                 interface, added.error().message));
}

Task<Result<AwsInterface>> read(const Config& config, Context& context, const std::string& eni) {
  auto interface =
      co_await context.aws.network_interface(eni, aws_call(config.aws_timeout, context));
  if (interface) co_return interface;
  co_return std::unexpected(aws_error(interface.error(), "Describing " + eni));
}

Task<Result<std::string>> look(const Config& config, Context& context, const std::string& eni) {
  const auto interface = co_await read(config, context, eni);
  if (!interface) co_return std::unexpected(interface.error());
  if (is_assigned(config, *interface)) co_return std::string();
  co_return fmt::format(
      "The secondary IP address was changed. {} was assigned to {}, which does not have it. Check "
      "whether another cluster uses this address.",
      config.ip, eni);
}

Task<Status> activate(const Config& config, Context& context) {
  const auto eni = co_await own_eni_patiently(config.eni_id, config.aws_timeout, context);
  if (!eni) co_return std::unexpected(eni.error());
  std::vector<Task<Status>> changes;
  changes.push_back(add_address(config, context, *eni));
  changes.push_back(assign(config, context, *eni));
  const std::vector<Status> changed = co_await when_all(std::move(changes));
  if (!changed[0]) co_return changed[0];
  if (!changed[1] && is_final(changed[1].error())) co_return changed[1];
  const Settling settling{.change = [&] { return assign(config, context, *eni); },
                          .look = [&] { return look(config, context, *eni); },
                          .number = number_changed};
  co_return co_await settle(settling, context, changed[1]);
}

// The next owner's ENI takes the address from ours: letting go needs no AWS.
Task<Status> deactivate(const Config& config, Context& context) {
  std::string interface = config.interface;
  if (interface.empty()) {
    const auto found = co_await context.host.interface_with_address(config.ip, context.call);
    if (!found && found.error().code == Code::not_found) co_return Status{};
    if (!found) {
      co_return numbered(
          found.error().code, number_remove_failed,
          fmt::format("Failed to delete the secondary IP address. {}", found.error().message));
    }
    interface = *found;
  }
  const Status removed = co_await context.host.remove_address(interface, config.ip, context.call);
  if (removed) co_return Status{};
  co_return numbered(removed.error().code, number_remove_failed,
                     fmt::format("Failed to delete the secondary IP address. {} on {}: {}",
                                 config.ip, interface, removed.error().message));
}

Task<Health> check(const Config& config, Context& context) {
  const auto present = co_await context.host.has_address(config.ip, context.call);
  if (!present) co_return unknown_health(present.error());
  if (!*present) {
    co_return Health{
        Verdict::unhealthy, number_absent,
        fmt::format("The secondary IP address does not exist. No interface of this node has {}.",
                    config.ip)};
  }
  std::string eni = config.eni_id;
  if (eni.empty()) {
    const auto own = co_await own_interface("", config.aws_timeout, context);
    if (!own) co_return unknown_health(own.error());
    eni = own->id;
  }
  const auto interface = co_await read(config, context, eni);
  if (!interface) co_return unknown_health(interface.error());
  if (is_assigned(config, *interface)) co_return healthy();
  co_return Health{Verdict::unhealthy, number_changed,
                   fmt::format("The secondary IP address was changed. {} is not assigned to {}.",
                               config.ip, eni)};
}

// ---- Declaration.

std::vector<Contradiction> laws(const Params& params) {
  const std::string& text = std::get<std::string>(params.at("ip"));
  const auto ip = ip_number(text);
  if (!ip || (!ip->v6 && kind_of(*ip) == IpKind::unicast)) return {};
  return {{"ip", fmt::format("{} cannot be a secondary address", text),
           "Choose a free IPv4 address of the nodes' common subnet."}};
}

std::vector<Field> fields() {
  return {
      field(&Config::ip, "ip")
          .label("IP Address")
          .help("The secondary private IP address: a free one of the subnet that all nodes of the "
                "group share.")
          .required()
          .format(TextFormat::ip)
          .unique(),
      field(&Config::eni_id, "eni_id")
          .label("ENI ID")
          .help("The elastic network interface of the node that gets the address. Asked from the "
                "metadata service (the first interface) if left out.")
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
       "The credentials, region or ENI ID are not correct, the address does not lie in the ENI's "
       "subnet or is a primary one, or the IAM role lacks a permission; AWS's own sentence "
       "follows.",
       "Correct what the sentence names. All nodes of the group must have their ENI in the "
       "address's subnet."},
      {number_timeout, "Timeout occurred.", "The regional endpoint of EC2 could not be reached.",
       "Check that the NAT instance runs, that the routes to it exist, and that no filter drops "
       "the packets; or add a VPC endpoint for EC2."},
      {number_add_failed, "Failed to add the secondary IP address.",
       "The interface does not exist, or the daemon may not change it.",
       "Check `interface` and `eni_id` for this node."},
      {number_remove_failed, "Failed to delete the secondary IP address.",
       "The interface does not exist any more, or the daemon may not change it.",
       "Remove the address by hand: `ip address del`."},
      {number_changed, "The secondary IP address was changed.",
       "The address was assigned to this node and taken away again before the activation had "
       "ended.",
       "Check whether another cluster uses the same address by mistake."},
  };
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "awssipw";
  check.title = "AWS Secondary IP monitor";
  check.summary =
      "Checks that the address of an `awssip` resource is on the node and assigned to its ENI. "
      "Added by itself with every awssip resource.";
  check.interval = 60s;
  check.timeout = 180s;
  check.retries = 1;
  check.problems = {
      {number_absent, "The secondary IP address does not exist.",
       "The address was removed from the node's interface.",
       "The resource is restarted automatically. Find out what changes the interface."},
      {number_changed, "The secondary IP address was changed.",
       "The address was assigned to another ENI, or to none, outside the cluster.",
       "The resource is restarted automatically. Check whether another cluster uses the same "
       "address by mistake."},
  };
  return check;
}

}  // namespace

ResourceType awssip_resource() {
  TypeSchema schema;
  schema.type = "awssip";
  schema.title = "AWS Secondary IP";
  schema.summary =
      "A secondary private IP address that follows the group. All nodes of the group must be in "
      "one subnet, and so in one Availability Zone.";
  schema.fields = fields();
  schema.iam_actions = {"ec2:DescribeNetworkInterfaces", "ec2:AssignPrivateIpAddresses"};
  // The doctor looks at the nodes' interfaces and at who has the address, and has IAM simulate the
  // assignment.
  schema.api_uses = {{"ec2:DescribeNetworkInterfaces", 1, 1, 3},
                     {"ec2:DescribeSubnets", 0, 0, 1},
                     {"ec2:AssignPrivateIpAddresses", 1, 0, 0},
                     {"sts:GetCallerIdentity", 0, 0, 1},
                     {"iam:SimulatePrincipalPolicy", 0, 0, 1}};
  schema.problems = problems();
  schema.check = check_schema();
  schema.laws = laws;
  schema.example =
      "[[resource]]\n"
      "name = \"awssip1\"\n"
      "type = \"awssip\"\n"
      "group = \"failover1\"\n"
      "ip = \"10.0.10.100\"\n"
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
