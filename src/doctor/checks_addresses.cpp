// Checks of Elastic IP addresses and of secondary private ones: whether they exist, and whether
// nobody else has them.
#include <algorithm>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "doctor/checks.h"

namespace mainstay::doctor {
namespace {

// Whether the interface is one of the cluster's instances'.
bool is_of_a_node(const Case& given, const AwsPlacedInterface& interface) {
  const std::string& instance = interface.interface.instance;
  if (instance.empty()) return false;
  if (given.facts.identity && given.facts.identity->instance == instance) return true;
  for (const PeerFacts& peer : given.facts.peers) {
    if (peer.interface && peer.interface->interface.instance == instance) return true;
  }
  return std::ranges::find(given.config.nodes, instance, &NodeConfig::instance) !=
         given.config.nodes.end();
}

std::string described(const AwsPlacedInterface& interface) {
  const AwsInterface& at = interface.interface;
  return at.instance.empty() ? at.id : fmt::format("{} of {}", at.id, at.instance);
}

std::string name_of(const AwsAddress& address) {
  return fmt::format("{} ({})", address.allocation, address.public_ip);
}

Finding holder_finding(const Case& given, const ElasticIp& eip, const AwsAddress& address) {
  const std::string& resource = eip.anchor.resource;
  if (address.association.empty()) {
    return good(
        fmt::format("{}: {} exists and is associated with nothing", resource, name_of(address)));
  }
  if (address.eni == eip.anchor.eni || eip.enis.contains(address.eni)) {
    return good(fmt::format("{}: {} is associated with {}, an interface of the cluster", resource,
                            name_of(address), address.eni));
  }
  const auto holder = given.facts.interfaces.find(address.eni);
  if (holder != given.facts.interfaces.end() && !holder->second) {
    return unasked(fmt::format("{}: whose {} is, which {} is associated with", resource,
                               address.eni, name_of(address)),
                   holder->second.error());
  }
  if (holder != given.facts.interfaces.end() && is_of_a_node(given, *holder->second)) {
    return good(fmt::format("{}: {} is associated with {}", resource, name_of(address),
                            described(*holder->second)));
  }
  return trouble(
      Grade::warning,
      {fmt::format(
           "{}: {} is associated with {}, which no node of this cluster has", resource,
           name_of(address),
           holder == given.facts.interfaces.end() ? address.eni : described(*holder->second)),
       "The next activation takes it away from there.",
       "Check whether another cluster uses this allocation ID; if the address is free to "
       "take: aws ec2 disassociate-address --association-id " +
           address.association});
}

// Whether the interface has the private address that the Elastic IP is to lead to.
std::optional<Finding> private_ip_finding(const Case& given, const ElasticIp& eip) {
  const auto own = given.facts.interfaces.find(eip.anchor.eni);
  if (eip.private_ip.empty() || own == given.facts.interfaces.end()) return std::nullopt;
  const std::string what =
      fmt::format("{}: the private addresses of {}", eip.anchor.resource, eip.anchor.eni);
  if (!own->second) return unasked(what, own->second.error());
  const AwsInterface& interface = own->second->interface;
  const bool is_there = same_ip(interface.private_ip, eip.private_ip) ||
                        std::ranges::any_of(interface.secondary_ips, [&](const auto& address) {
                          return same_ip(address, eip.private_ip);
                        });
  if (is_there) {
    return good(fmt::format("{}: {} has {}", eip.anchor.resource, interface.id, eip.private_ip));
  }
  return trouble(
      Grade::error,
      {fmt::format("{}: {} does not have {}", eip.anchor.resource, interface.id, eip.private_ip),
       "EC2 refuses to associate the address with it.",
       fmt::format("Correct \"private_ip\" for {}, or: aws ec2 assign-private-ip-addresses "
                   "--network-interface-id {} --private-ip-addresses {}",
                   given.facts.self, interface.id, eip.private_ip)});
}

// The interface's subnet holds the address, or nothing: that is told elsewhere.
std::optional<Finding> subnet_finding(const Case& given, const SecondaryIp& sip) {
  const Facts& facts = given.facts;
  const auto own = facts.interfaces.find(sip.anchor.eni);
  const auto subnets = facts.subnets.find(sip.anchor.vpc);
  if (own == facts.interfaces.end() || subnets == facts.subnets.end()) return std::nullopt;
  const std::string what = fmt::format("{}: the subnet of {}", sip.anchor.resource, sip.anchor.eni);
  if (!own->second) return unasked(what, own->second.error());
  if (!subnets->second) return unasked(what, subnets->second.error());
  const std::string& id = own->second->interface.subnet;
  const auto subnet = std::ranges::find(*subnets->second, id, &AwsSubnet::id);
  if (subnet == subnets->second->end()) return std::nullopt;
  const auto block = cidr_block(subnet->cidr);
  const auto ip = ip_number(sip.ip);
  if (block && ip && contains(*block, *ip)) {
    return good(fmt::format("{}: {} lies in {} ({}), the subnet of {}", sip.anchor.resource, sip.ip,
                            id, subnet->cidr, sip.anchor.eni));
  }
  return trouble(Grade::error,
                 {fmt::format("{}: {} does not lie in {} ({}), the subnet of {}",
                              sip.anchor.resource, sip.ip, id, subnet->cidr, sip.anchor.eni),
                  "EC2 assigns an address of the interface's own subnet only.",
                  "Choose a free address of the nodes' common subnet, or correct \"eni_id\"."});
}

Findings other_subnet_findings(const Case& given, const SecondaryIp& sip) {
  Findings findings;
  const auto own = given.facts.interfaces.find(sip.anchor.eni);
  if (own == given.facts.interfaces.end() || !own->second) return findings;
  const std::string& here = own->second->interface.subnet;
  for (const auto& [node, eni] : sip.enis) {
    const auto other = given.facts.interfaces.find(eni);
    if (node == given.facts.self || other == given.facts.interfaces.end()) continue;
    if (!other->second) {
      findings.push_back(unasked(fmt::format("{}: {} of {}", sip.anchor.resource, eni, node),
                                 other->second.error()));
    } else if (const std::string& there = other->second->interface.subnet; there != here) {
      findings.push_back(trouble(
          Grade::error,
          {fmt::format("{}: {} of {} lies in {}, {} of this node in {}", sip.anchor.resource, eni,
                       node, there, sip.anchor.eni, here),
           "A secondary address cannot leave its subnet: one of the nodes can never take over.",
           "Give all nodes of the group an interface in one subnet; across zones, use awsvip."}));
    }
  }
  return findings;
}

Finding holder_finding(const Case& given, const SecondaryIp& sip,
                       const Result<AwsPlacedInterface>& holder) {
  const std::string& resource = sip.anchor.resource;
  if (!holder && holder.error().code == Code::not_found) {
    return good(fmt::format("{}: {} is free", resource, sip.ip));
  }
  if (!holder) return unasked(fmt::format("{}: who has {}", resource, sip.ip), holder.error());
  const AwsInterface& at = holder->interface;
  if (same_ip(at.private_ip, sip.ip)) {
    return trouble(Grade::error, {fmt::format("{}: {} is the primary address of {}", resource,
                                              sip.ip, described(*holder)),
                                  "A primary address cannot be assigned to another interface.",
                                  "Choose a free address of the subnet."});
  }
  const bool configured =
      std::ranges::any_of(sip.enis, [&](const auto& each) { return each.second == at.id; });
  if (configured || at.id == sip.anchor.eni || is_of_a_node(given, *holder)) {
    return good(fmt::format("{}: {} has {}", resource, described(*holder), sip.ip));
  }
  return trouble(Grade::warning, {fmt::format("{}: {} has {}, and is of no node of this cluster",
                                              resource, described(*holder), sip.ip),
                                  "The next activation takes it away from there.",
                                  "Check whether another cluster uses this address."});
}

}  // namespace

Findings check_elastic_ips(const Case& given) {
  Findings findings;
  for (const ElasticIp& eip : given.facts.eips) {
    const auto address = given.facts.addresses.find(eip.allocation);
    if (address == given.facts.addresses.end()) continue;
    const std::string what = fmt::format("{}: {}", eip.anchor.resource, eip.allocation);
    if (address->second) {
      findings.push_back(holder_finding(given, eip, *address->second));
    } else if (address->second.error().code == Code::not_found) {
      findings.push_back(trouble(
          Grade::error, {fmt::format("{}: {}", what, address->second.error().message),
                         "There is nothing to associate: the activation fails on every node.",
                         "aws ec2 describe-addresses shows the region's allocation IDs; correct "
                         "\"allocation_id\"."}));
    } else {
      findings.push_back(unasked(what, address->second.error()));
    }
    if (auto finding = private_ip_finding(given, eip)) findings.push_back(std::move(*finding));
  }
  return findings;
}

Findings check_secondary_ips(const Case& given) {
  Findings findings;
  for (const SecondaryIp& sip : given.facts.sips) {
    if (auto finding = subnet_finding(given, sip)) findings.push_back(std::move(*finding));
    std::ranges::move(other_subnet_findings(given, sip), std::back_inserter(findings));
    const auto holder = given.facts.holders.find(sip.ip);
    if (holder != given.facts.holders.end()) {
      findings.push_back(holder_finding(given, sip, holder->second));
    }
  }
  return findings;
}

}  // namespace mainstay::doctor
