// AWS Elastic IP: a public address that is associated with the node that runs the group.
//
// Activation takes the address at once, from whomever has it: that only one node may is settled
// before. It is read again to be sure, since EC2 may describe the past for a while.
#include <fmt/format.h>

#include "base/sabotage.h"
#include "config/ip_address.h"
#include "resources/aws_recipe.h"

namespace mainstay {
namespace {

struct Config {
  std::string allocation_id;
  std::string eni_id;
  std::string private_ip;
  std::string role_arn;
  Duration aws_timeout = 5s;
};

constexpr int number_absent = 7;  // of the monitor, and of an address taken away meanwhile

std::string label(const AwsAddress& address) {
  return address.public_ip.empty() ? address.allocation
                                   : fmt::format("{} ({})", address.public_ip, address.allocation);
}

bool is_ours(const Config& config, const std::string& eni, const AwsAddress& address) {
  return address.eni == eni &&
         (config.private_ip.empty() || same_ip(address.private_ip, config.private_ip));
}

std::string not_ours(const Config& config, const std::string& eni, const AwsAddress& address) {
  std::string holder = address.eni.empty() ? "nothing" : address.eni;
  if (!address.private_ip.empty()) holder += fmt::format(" ({})", address.private_ip);
  const std::string wanted =
      config.private_ip.empty() ? eni : fmt::format("{} ({})", eni, config.private_ip);
  return fmt::format("The EIP address does not exist. {} is associated with {}, not with {}.",
                     label(address), holder, wanted);
}

Task<Status> associate(const Config& config, Context& context, const std::string& eni) {
  const Status done = co_await context.aws.associate_address(
      config.allocation_id, eni, config.private_ip, aws_call(config.aws_timeout, context));
  if (done) {
    context.progress(fmt::format("{} is associated with {} now", config.allocation_id, eni));
    co_return Status{};
  }
  co_return std::unexpected(
      aws_error(done.error(), fmt::format("Associating {} with {}", config.allocation_id, eni)));
}

Task<Result<AwsAddress>> read(const Config& config, Context& context) {
  auto address =
      co_await context.aws.address(config.allocation_id, aws_call(config.aws_timeout, context));
  if (address) co_return address;
  co_return std::unexpected(aws_error(address.error(), "Describing " + config.allocation_id));
}

Task<Result<std::string>> look(const Config& config, Context& context, const std::string& eni) {
  const auto address = co_await read(config, context);
  if (!address) co_return std::unexpected(address.error());
  if (is_ours(config, eni, *address)) co_return std::string();
  co_return not_ours(config, eni, *address) +
      " It was associated and taken away again: check whether another cluster uses this allocation "
      "ID.";
}

Task<Status> activate(const Config& config, Context& context) {
  const auto eni = co_await own_eni_patiently(config.eni_id, config.aws_timeout, context);
  if (!eni) co_return std::unexpected(eni.error());
  const Status first = co_await associate(config, context, *eni);
  if (!first && is_final(first.error())) co_return first;
  if (sabotaged(Sabotage::unknown_is_associated)) co_return Status{};
  const Settling settling{.change = [&] { return associate(config, context, *eni); },
                          .look = [&] { return look(config, context, *eni); },
                          .number = number_absent};
  co_return co_await settle(settling, context, first);
}

// The next owner takes the address by itself. That AWS does not answer is therefore no reason to
// call the node unable to stop, which would end it.
Task<Status> let_go_failed(const Config& config, Context& context, const Error& error) {
  if (error.code == Code::cancelled) co_return std::unexpected(error);
  context.warn(fmt::format(
      "{}: {} may still be associated with this node, although the group is stopped here: {}. The "
      "next activation takes it away.",
      context.resource, config.allocation_id, error.message));
  co_return Status{};
}

Task<Status> deactivate(const Config& config, Context& context) {
  std::string eni = config.eni_id;
  if (eni.empty()) {
    const auto own = co_await own_interface("", config.aws_timeout, context);
    if (!own) co_return co_await let_go_failed(config, context, own.error());
    eni = own->id;
  }
  const auto address = co_await read(config, context);
  if (!address) co_return co_await let_go_failed(config, context, address.error());
  const bool ours = is_ours(config, eni, *address);
  if (!ours && !sabotaged(Sabotage::association_of_another)) co_return Status{};
  // By its association, which ends when another node takes the address: ours is all that this can
  // end.
  const Status ended = co_await context.aws.disassociate_address(
      address->association, aws_call(config.aws_timeout, context));
  if (ended || ended.error().code == Code::not_found) co_return Status{};
  co_return co_await let_go_failed(
      config, context, aws_error(ended.error(), "Disassociating " + config.allocation_id));
}

Task<Health> check(const Config& config, Context& context) {
  std::string eni = config.eni_id;
  if (eni.empty()) {
    const auto own = co_await own_interface("", config.aws_timeout, context);
    if (!own) co_return unknown_health(own.error());
    eni = own->id;
  }
  const auto address = co_await read(config, context);
  if (!address) co_return unknown_health(address.error());
  if (is_ours(config, eni, *address)) co_return healthy();
  co_return Health{Verdict::unhealthy, number_absent, not_ours(config, eni, *address)};
}

// ---- Declaration.

std::vector<Field> fields() {
  return {
      field(&Config::allocation_id, "allocation_id")
          .label("EIP ALLOCATION ID")
          .help("The allocation ID of the Elastic IP address.")
          .required()
          .format(TextFormat::allocation_id)
          .unique(),
      field(&Config::eni_id, "eni_id")
          .label("ENI ID")
          .help("The elastic network interface of the node that gets the address. Asked from the "
                "metadata service (the first interface) if left out.")
          .per_node()
          .format(TextFormat::eni_id),
      field(&Config::private_ip, "private_ip")
          .label("Private IP Address")
          .help("Which private address of the ENI gets it; the primary one if left out. Needed "
                "where several Elastic IP addresses can meet on one node.")
          .per_node()
          .format(TextFormat::ip),
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
       "The credentials, region, allocation ID or ENI ID are not correct, or the IAM role lacks a "
       "permission; AWS's own sentence follows or stands in its place, such as The allocation ID "
       "'...' does not exist.",
       "Correct what the sentence names. `aws ec2 describe-addresses` on the node must work with "
       "the same credentials."},
      {number_timeout, "Timeout occurred.", "The regional endpoint of EC2 could not be reached.",
       "Check that each node has a public IP address of its own, or another way to the endpoint: "
       "a NAT instance or a VPC endpoint for EC2."},
      {number_absent, "The EIP address does not exist.",
       "The address was associated with this node and taken away again before the activation had "
       "ended.",
       "Check whether another cluster uses the same allocation ID by mistake."},
  };
}

CheckSchema check_schema() {
  CheckSchema check;
  check.type = "awseipw";
  check.title = "AWS Elastic IP monitor";
  check.summary =
      "Checks that the address of an `awseip` resource is associated with the node. Added by "
      "itself with every awseip resource.";
  check.interval = 60s;
  check.timeout = 180s;
  check.retries = 1;
  check.problems = {
      {number_absent, "The EIP address does not exist.",
       "The association of the address with the ENI was ended or changed outside the cluster.",
       "The resource is restarted automatically. Check whether another cluster uses the same "
       "allocation ID by mistake."},
  };
  return check;
}

}  // namespace

ResourceType awseip_resource() {
  TypeSchema schema;
  schema.type = "awseip";
  schema.title = "AWS Elastic IP";
  schema.summary =
      "An Elastic IP address that follows the group: it is associated with the network interface "
      "of the node that runs the group.";
  schema.fields = fields();
  schema.iam_actions = {"ec2:DescribeAddresses", "ec2:AssociateAddress", "ec2:DisassociateAddress"};
  // On the way it is not disassociated: whoever takes it over takes it away.
  schema.api_uses = {{"ec2:DescribeAddresses", 1, 1, 1},
                     {"ec2:AssociateAddress", 1, 0, 1},
                     {"ec2:DisassociateAddress", 0, 0, 1},
                     {"ec2:DescribeNetworkInterfaces", 0, 0, 1}};
  schema.problems = problems();
  schema.check = check_schema();
  schema.notes =
      "Give each node a way to the endpoint of EC2 that does not depend on this address, such as a "
      "public IP address of its own: an instance loses its automatic public address while an "
      "Elastic IP address is associated with its primary private one.\n";
  schema.example =
      "[[resource]]\n"
      "name = \"awseip1\"\n"
      "type = \"awseip\"\n"
      "group = \"failover1\"\n"
      "allocation_id = \"eipalloc-0a1b2c3d4e5f60718\"\n"
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
