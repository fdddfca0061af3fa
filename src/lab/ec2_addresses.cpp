// Elastic IPs and the private addresses of interfaces.
#include <fmt/format.h>

#include "lab/ec2_lookup.h"
#include "lab/xml.h"

namespace mainstay::lab::ec2 {
namespace {

Or<Address*> address_of(const Query& query, Model& model) {
  const std::string allocation = query.value("AllocationId");
  const std::string ip = query.value("PublicIp");
  if (allocation.empty() && ip.empty()) {
    return no("MissingParameter", "Either 'AllocationId' or 'PublicIp' must be specified");
  }
  for (Address& address : model.addresses) {
    if (address.allocation_id == allocation || (!ip.empty() && to_text(address.public_ip) == ip))
      return &address;
  }
  if (allocation.empty())
    return no("InvalidAddress.NotFound", fmt::format("Address '{}' not found.", ip));
  return no("InvalidAllocationID.NotFound",
            fmt::format("The allocation ID '{}' does not exist", allocation));
}

Or<Eni*> interface_of(const Query& query, Model& model) {
  if (query.has("NetworkInterfaceId")) return eni_named(model, query.value("NetworkInterfaceId"));
  if (!query.has("InstanceId")) {
    return no("MissingParameter", "Either 'InstanceId' or 'NetworkInterfaceId' must be specified");
  }
  const auto instance = instance_with_id(model, query.value("InstanceId"));
  if (!instance) return std::unexpected(instance.error());
  return eni_named(model, (*instance)->eni_id);
}

Or<Ipv4> private_address_of(const Query& query, const Eni& eni) {
  if (!query.has("PrivateIpAddress")) return eni.address;
  const auto address = parse_ipv4(query.value("PrivateIpAddress"));
  if (address && eni.holds(*address)) return *address;
  return no("InvalidParameterValue",
            fmt::format("Value ({}) for parameter privateIpAddress is invalid: it is no address of "
                        "{}.",
                        query.value("PrivateIpAddress"), eni.id));
}

// An interface that was given a public address at its launch gets another one when its Elastic IP
// has gone, and loses it when one comes.
void settle_public_address(Model& model, Eni& eni) {
  if (!eni.wants_public) return;
  if (find_address_of(model, eni) != nullptr) {
    eni.auto_public = {};
  } else if (eni.auto_public == Ipv4{}) {
    eni.auto_public = free_public_address(model);
  }
}

void free_address(Model& model, Address& address) {
  const std::string eni_id = address.eni_id;
  address.eni_id.clear();
  address.association_id.clear();
  address.private_ip = {};
  if (Eni* eni = find_id(model.enis, eni_id)) settle_public_address(model, *eni);
}

Eni* holder_of(Model& model, Ipv4 address) {
  const auto found =
      std::ranges::find_if(model.enis, [&](const Eni& eni) { return eni.holds(address); });
  return found == model.enis.end() ? nullptr : &*found;
}

Or<std::vector<Ipv4>> addresses_listed(const Query& query) {
  std::vector<Ipv4> out;
  for (const std::string& text : query.list("PrivateIpAddress")) {
    const auto address = parse_ipv4(text);
    if (!address) {
      return no("InvalidParameterValue",
                fmt::format("Value ({}) for parameter privateIpAddress is invalid.", text));
    }
    out.push_back(*address);
  }
  return out;
}

// The first free ones of the interface's subnet.
std::vector<Ipv4> free_private_addresses(Model& model, const Eni& eni, std::size_t count) {
  const Cidr cidr = find_id(model.subnets, eni.subnet_id)->cidr;
  std::vector<Ipv4> out;
  const std::uint32_t end = cidr.address.value + (std::uint32_t{1} << (32 - cidr.length)) - 1;
  for (std::uint32_t value = cidr.address.value + 4; value < end && out.size() < count; ++value) {
    if (holder_of(model, Ipv4{value}) == nullptr) out.push_back(Ipv4{value});
  }
  return out;
}

std::optional<AwsError> assign_one(Model& model, Eni& eni, Ipv4 address, bool may_move) {
  const Cidr cidr = find_id(model.subnets, eni.subnet_id)->cidr;
  const std::uint32_t offset = address.value - cidr.address.value;
  if (!cidr.contains(address) || offset < 4 ||
      offset == (std::uint32_t{1} << (32 - cidr.length)) - 1) {
    return AwsError{400, "InvalidParameterValue",
                    fmt::format("Address {} does not fall within the subnet's address range",
                                to_text(address))};
  }
  Eni* holder = holder_of(model, address);
  if (holder == &eni) return std::nullopt;
  if (holder != nullptr && (!may_move || holder->address == address)) {
    return AwsError{
        400, "InvalidParameterValue",
        fmt::format("[{}] is already assigned to network interface {}{}", to_text(address),
                    holder->id, holder->address == address ? " as its primary address" : "")};
  }
  if (holder != nullptr) std::erase(holder->secondary, address);
  eni.secondary.push_back(address);
  // An Elastic IP follows its private address.
  for (Address& elastic : model.addresses) {
    if (elastic.private_ip == address) elastic.eni_id = eni.id;
  }
  return std::nullopt;
}

}  // namespace

Ec2Outcome allocate_address(const Ec2Input& input) {
  Model next = input.model;
  if (next.addresses.size() >= addresses_max) {
    return refuse(400, "AddressLimitExceeded", "The maximum number of addresses has been reached.");
  }
  const Ipv4 ip = free_public_address(next);
  next.addresses.push_back({make_id("eipalloc", to_text(ip)), ip});
  Xml xml;
  xml.leaf("publicIp", to_text(ip)).leaf("publicIpv4Pool", "amazon").leaf("domain", "vpc");
  xml.leaf("allocationId", next.addresses.back().allocation_id);
  xml.leaf("networkBorderGroup", next.region);
  return {xml.text(), std::move(next)};
}

Ec2Outcome release_address(const Ec2Input& input) {
  Model next = input.model;
  const auto address = address_of(input.query, next);
  if (!address) return {std::unexpected(address.error())};
  if (!(*address)->eni_id.empty()) {
    return refuse(400, "InvalidIPAddress.InUse",
                  fmt::format("Address '{}' is in use.", to_text((*address)->public_ip)));
  }
  next.addresses.erase(next.addresses.begin() + (*address - next.addresses.data()));
  return done(std::move(next));
}

Ec2Outcome associate_address(const Ec2Input& input) {
  Model next = input.model;
  const auto address = address_of(input.query, next);
  if (!address) return {std::unexpected(address.error())};
  const auto eni = interface_of(input.query, next);
  if (!eni) return {std::unexpected(eni.error())};
  const auto target = private_address_of(input.query, **eni);
  if (!target) return {std::unexpected(target.error())};
  // For an address of a VPC, AWS moves it unless the caller forbids that.
  const bool may_move = input.query.value("AllowReassociation") != "false";
  const bool there = (*address)->private_ip == *target;
  if (!(*address)->eni_id.empty() && !there && !may_move) {
    return refuse(400, "Resource.AlreadyAssociated",
                  fmt::format("resource {} is already associated with associate-id {}",
                              (*address)->allocation_id, (*address)->association_id));
  }
  for (Address& other : next.addresses) {
    if (&other == *address || other.private_ip != *target) continue;
    if (!may_move) {
      return refuse(400, "Resource.AlreadyAssociated",
                    fmt::format("resource {} is already associated with associate-id {}",
                                (*eni)->id, other.association_id));
    }
    free_address(next, other);
  }
  if (!there && !(*address)->eni_id.empty()) free_address(next, **address);
  (*address)->eni_id = (*eni)->id;
  (*address)->private_ip = *target;
  if (!there || (*address)->association_id.empty()) {
    (*address)->association_id = make_id(
        "eipassoc", to_text((*address)->public_ip) + std::to_string(++next.associations_made));
  }
  settle_public_address(next, **eni);
  Xml xml;
  xml.leaf("return", "true").leaf("associationId", (*address)->association_id);
  return {xml.text(), std::move(next)};
}

Ec2Outcome disassociate_address(const Ec2Input& input) {
  Model next = input.model;
  const std::string id = input.query.value("AssociationId");
  const std::string ip = input.query.value("PublicIp");
  if (id.empty() && ip.empty()) {
    return refuse(400, "MissingParameter",
                  "Either 'AssociationId' or 'PublicIp' must be specified");
  }
  for (Address& address : next.addresses) {
    if (address.eni_id.empty()) continue;
    if (address.association_id != id && (ip.empty() || to_text(address.public_ip) != ip)) continue;
    free_address(next, address);
    return done(std::move(next));
  }
  return refuse(400, "InvalidAssociationID.NotFound",
                fmt::format("The association ID '{}' does not exist", id));
}

Ec2Outcome assign_private_ip_addresses(const Ec2Input& input) {
  Model next = input.model;
  const auto eni = eni_named(next, input.query.value("NetworkInterfaceId"));
  if (!eni) return {std::unexpected(eni.error())};
  auto wanted = addresses_listed(input.query);
  if (!wanted) return {std::unexpected(wanted.error())};
  const std::string count = input.query.value("SecondaryPrivateIpAddressCount");
  if (wanted->empty() && count.size() == 1 && count >= "1" && count <= "9") {
    wanted = free_private_addresses(next, **eni, static_cast<std::size_t>(count[0] - '0'));
  }
  if (wanted->empty()) {
    return refuse(
        400, "MissingParameter",
        "Either 'PrivateIpAddress' or 'SecondaryPrivateIpAddressCount' must be specified");
  }
  for (const Ipv4 address : *wanted) {
    auto refused = assign_one(next, **eni, address, input.query.flag("AllowReassignment"));
    if (refused) return {std::unexpected(*refused)};
  }
  if ((*eni)->secondary.size() > secondary_max) {
    return refuse(
        400, "PrivateIpAddressLimitExceeded",
        fmt::format("Number of private addresses will exceed limit of {}.", secondary_max + 1));
  }
  Xml xml;
  xml.leaf("networkInterfaceId", (*eni)->id).leaf("return", "true");
  xml.items("assignedPrivateIpAddressesSet", *wanted,
            [&](Ipv4 address) { xml.leaf("privateIpAddress", to_text(address)); });
  return {xml.text(), std::move(next)};
}

Ec2Outcome unassign_private_ip_addresses(const Ec2Input& input) {
  Model next = input.model;
  const auto eni = eni_named(next, input.query.value("NetworkInterfaceId"));
  if (!eni) return {std::unexpected(eni.error())};
  const auto unwanted = addresses_listed(input.query);
  if (!unwanted) return {std::unexpected(unwanted.error())};
  for (const Ipv4 address : *unwanted) {
    if (std::erase((*eni)->secondary, address) == 0) {
      return refuse(400, "InvalidParameterValue",
                    fmt::format("Some of [{}] addresses are not assigned to interface {}",
                                to_text(address), (*eni)->id));
    }
    for (Address& elastic : next.addresses) {
      if (elastic.private_ip == address) free_address(next, elastic);
    }
  }
  return done(std::move(next));
}

}  // namespace mainstay::lab::ec2
