// Checks of the node itself and of its way to AWS and to the other nodes.
#include <algorithm>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "doctor/checks.h"

namespace mainstay::doctor {
namespace {

// AWS refuses a signature that is five minutes off; the Date of an answer is good to a second.
constexpr Duration skew_fatal = 4min;
constexpr Duration skew_noticed = 5s;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool is_private(const std::string& address) {
  const auto ip = ip_number(address);
  return ip &&
         std::ranges::any_of(
             std::initializer_list<const char*>{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                                "100.64.0.0/10", "fd00::/8"},
             [&](const char* block) { return contains(*cidr_block(block), *ip); });
}

std::string way_of(const AwsReach& reach) {
  if (!reach.proxy.empty()) return "through the proxy " + reach.proxy;
  if (is_private(reach.address))
    return fmt::format("at the private address {}: a VPC endpoint", reach.address);
  return fmt::format("at {}: by a NAT, or an internet gateway", reach.address);
}

bool permits(const AwsPortRule& rule, const char* protocol, int port) {
  if (rule.protocol == "-1") return true;
  if (rule.protocol != protocol) return false;
  return rule.first_port == -1 || (rule.first_port <= port && port <= rule.last_port);
}

enum class Admission { yes, no, maybe };

// A prefix list stands elsewhere: who is in it cannot be told from here.
Admission admission(const AwsPortRule& rule, const PeerFacts& peer) {
  const auto ip = ip_number(peer.address);
  for (const std::string& text : rule.cidrs) {
    const auto block = cidr_block(text);
    if (block && ip && contains(*block, *ip)) return Admission::yes;
  }
  for (const std::string& group : rule.groups) {
    const bool is_member = peer.interface && std::ranges::find(peer.interface->groups, group) !=
                                                 peer.interface->groups.end();
    if (is_member) return Admission::yes;
  }
  const bool may_be_member = !rule.groups.empty() && !peer.interface;
  return may_be_member || !rule.prefix_lists.empty() ? Admission::maybe : Admission::no;
}

Admission admission(const std::vector<AwsSecurityGroup>& groups, const PeerFacts& peer,
                    const char* protocol, int port) {
  Admission best = Admission::no;
  for (const AwsSecurityGroup& group : groups) {
    for (const AwsPortRule& rule : group.inbound) {
      if (!permits(rule, protocol, port)) continue;
      const Admission one = admission(rule, peer);
      if (one == Admission::yes) return one;
      if (one == Admission::maybe) best = one;
    }
  }
  return best;
}

Finding port_finding(const std::vector<AwsSecurityGroup>& groups, const PeerFacts& peer,
                     const char* protocol, int port) {
  const std::string packets = fmt::format("{} port {} from {} ({} on {})", protocol, port,
                                          peer.address, peer.node, peer.path);
  const Admission found = admission(groups, peer, protocol, port);
  if (found == Admission::yes) return good(fmt::format("{} is permitted", packets));
  const std::string group = groups.empty() ? "GROUP" : groups.front().id;
  return {
      .check = {},
      .grade = found == Admission::maybe ? Grade::unknown : Grade::error,
      .fact = fmt::format("{} {}", packets,
                          found == Admission::maybe
                              ? "may be permitted by a prefix list or a group of unknown members"
                              : "is permitted by no security group of this node"),
      .why = "Nodes that do not hear each other take each other for dead.",
      .remedy = fmt::format("aws ec2 authorize-security-group-ingress --group-id {} "
                            "--protocol {} --port {} --cidr {}/32",
                            group, protocol, port, peer.address),
      .repair = {}};
}

Finding wrong_place(std::string fact, std::string remedy) {
  return {.check = {},
          .grade = Grade::warning,
          .fact = std::move(fact),
          .why = "What is configured for another machine acts on that machine, or on none.",
          .remedy = std::move(remedy),
          .repair = {}};
}

}  // namespace

Findings check_endpoint(const Case& given) {
  Findings findings;
  const auto answers = [&](const char* service, const AwsReach& reach) {
    findings.push_back(good(fmt::format("{} answers as {} in {:.0f} ms, {}", service, reach.url,
                                        seconds(reach.round_trip) * 1000, way_of(reach))));
  };
  const auto silent = [&](const char* service, const Error& error, const char* remedy) {
    findings.push_back({.check = {},
                        .grade = Grade::error,
                        .fact = fmt::format("{} cannot be reached: {}", service, error.message),
                        .why = "No route, address or record can be moved to this node.",
                        .remedy = remedy,
                        .repair = {}});
  };
  const auto& reach = given.facts.reach;
  if (reach) {
    answers("EC2", *reach);
  } else {
    silent("EC2", reach.error(),
           "Give the subnet a route to a NAT or internet gateway, or make a VPC endpoint: "
           "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --service-name "
           "com.amazonaws.REGION.ec2 --vpc-id VPC --subnet-ids SUBNETS "
           "--private-dns-enabled. Behind a proxy, set HTTPS_PROXY for the daemon.");
  }
  const auto& route53 = given.facts.reach_route53;
  if (route53 && *route53) answers("Route 53", **route53);
  if (route53 && !*route53) {
    silent("Route 53", route53->error(),
           "Route 53 has no VPC endpoint: give the subnet a route to a NAT or internet gateway, or "
           "set HTTPS_PROXY for the daemon.");
  }
  return findings;
}

Findings check_clock(const Case& given) {
  const auto& reach = given.facts.reach;
  if (!reach) return {};  // The endpoint's own finding says it.
  const Duration off = reach->skew < Duration::zero() ? -reach->skew : reach->skew;
  const std::string fact = fmt::format("this node's clock is {:.0f} s {} AWS's", seconds(off),
                                       reach->skew > Duration::zero() ? "behind" : "ahead of");
  if (off < skew_noticed) return {good("this node's clock agrees with AWS's")};
  const bool fatal = off >= skew_fatal;
  return {{.check = {},
           .grade = fatal ? Grade::error : Grade::warning,
           .fact = fact,
           .why = fatal ? "AWS refuses what is signed with such a time; the first call of a "
                          "failover loses a round trip to find out, and the AWS CLI fails."
                        : "It drifts, and AWS refuses signatures that are five minutes off.",
           .remedy = "chronyc makestep; use the Amazon Time Sync Service (169.254.169.123).",
           .repair = {}}};
}

Findings check_identity(const Case& given) {
  const auto& identity = given.facts.identity;
  if (!identity) {
    return {{.check = {},
             .grade = Grade::error,
             .fact = fmt::format("the instance metadata service says nothing: {}",
                                 identity.error().message),
             .why = "Without it there are no credentials of the IAM role, no region, and no way to "
                    "find this node's own interface.",
             .remedy = "aws ec2 modify-instance-metadata-options --http-endpoint enabled "
                       "--http-put-response-hop-limit 2 --instance-id INSTANCE",
             .repair = {}}};
  }
  Findings findings = {good(fmt::format("this is {} in {} with {} interface(s)", identity->instance,
                                        identity->zone, identity->interfaces.size()))};
  const NodeConfig* node = find_node(given.config, given.facts.self);
  if (node == nullptr) return findings;
  if (!node->instance.empty() && node->instance != identity->instance) {
    findings.push_back(
        wrong_place(fmt::format("the configuration says that {} is {}, but this is {}", node->name,
                                node->instance, identity->instance),
                    fmt::format("Set instance = \"{}\" for {}.", identity->instance, node->name)));
  }
  if (!node->zone.empty() && node->zone != identity->zone) {
    findings.push_back(
        wrong_place(fmt::format("the configuration places {} in {}, but this is {}", node->name,
                                node->zone, identity->zone),
                    fmt::format("Set zone = \"{}\" for {}.", identity->zone, node->name)));
  }
  return findings;
}

Findings check_path_addresses(const Case& given) {
  Findings findings;
  for (const auto& [address, present] : given.facts.own_addresses) {
    if (!present) {
      findings.push_back(unasked("the address " + address, present.error()));
    } else if (*present) {
      findings.push_back(good(fmt::format("this node has its path address {}", address)));
    } else {
      findings.push_back({.check = {},
                          .grade = Grade::error,
                          .fact = fmt::format("no interface of this node has {}, its address on a "
                                              "path",
                                              address),
                          .why = "The others send their heartbeats there, and hear none from it.",
                          .remedy = fmt::format("Correct [[path]] address for {}, or add {} to the "
                                                "interface.",
                                                given.facts.self, address),
                          .repair = {}});
    }
  }
  return findings;
}

Findings check_ports(const Case& given) {
  Findings findings;
  const Ports& ports = given.config.ports;
  if (given.facts.peers.empty()) return {};
  if (!given.facts.groups) return {unasked("the security groups", given.facts.groups.error())};
  for (const PeerFacts& peer : given.facts.peers) {
    findings.push_back(port_finding(*given.facts.groups, peer, "udp", ports.heartbeat));
    findings.push_back(port_finding(*given.facts.groups, peer, "tcp", ports.control));
  }
  return findings;
}

}  // namespace mainstay::doctor
