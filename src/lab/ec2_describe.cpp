// The Describe calls: what the account looks like, in AWS's shapes.
#include "lab/ec2_shapes.h"

namespace mainstay::lab::ec2 {
namespace {

std::string zone_id(const Model& model, const std::string& zone) {
  const auto place = std::ranges::find(model.zones, zone) - model.zones.begin();
  return fmt::format("apne1-az{}", place + 1);
}

bool target_gone(const Model& model, const Route& route) {
  if (route.eni_id.empty()) return false;
  const Eni* eni = find_id(model.enis, route.eni_id);
  const Instance* instance = eni == nullptr ? nullptr : find_id(model.instances, eni->instance_id);
  return instance == nullptr || instance->state == InstanceState::stopped;
}

void write_route(Xml& xml, const Model& model, const Route& route) {
  xml.leaf(route.destination.six ? "destinationIpv6CidrBlock" : "destinationCidrBlock",
           to_text(route.destination));
  if (!route.gateway_id.empty()) xml.leaf("gatewayId", route.gateway_id);
  if (const Eni* eni = find_id(model.enis, route.eni_id)) {
    xml.leaf("instanceId", eni->instance_id).leaf("instanceOwnerId", model.account);
    xml.leaf("networkInterfaceId", eni->id);
  }
  xml.leaf("state", target_gone(model, route) ? "blackhole" : "active");
  xml.leaf("origin", route.gateway_id == "local" ? "CreateRouteTable" : "CreateRoute");
}

void write_table(Xml& xml, const Model& model, const RouteTable& table) {
  xml.leaf("routeTableId", table.id).leaf("vpcId", model.vpc_id).leaf("ownerId", model.account);
  xml.items("routeSet", table.routes, [&](const Route& route) { write_route(xml, model, route); });
  xml.items("associationSet", table.associations, [&](const Association& association) {
    xml.leaf("routeTableAssociationId", association.id).leaf("routeTableId", table.id);
    if (!association.subnet_id.empty()) xml.leaf("subnetId", association.subnet_id);
    xml.leaf("main", flag_text(association.subnet_id.empty()));
    xml.node("associationState", [&] { xml.leaf("state", "associated"); });
  });
  xml.node("propagatingVgwSet", [] {});
  name_tag(xml, table.name);
}

template <class Get>
auto of_routes(Get get) {
  return [get](const RouteTable& table) {
    Texts out;
    for (const Route& route : table.routes) out.push_back(get(route));
    return out;
  };
}

template <class Get>
auto of_associations(Get get) {
  return [get](const RouteTable& table) {
    Texts out;
    for (const Association& association : table.associations) out.push_back(get(association));
    return out;
  };
}

FilterFields<RouteTable> table_fields(const Model& model) {
  return {
      {"route-table-id", [](const RouteTable& t) { return Texts{t.id}; }},
      {"vpc-id", [&model](const RouteTable&) { return Texts{model.vpc_id}; }},
      {"owner-id", [&model](const RouteTable&) { return Texts{model.account}; }},
      {"tag:Name", [](const RouteTable& t) { return Texts{t.name}; }},
      {"route.destination-cidr-block",
       of_routes([](const Route& r) { return r.destination.six ? "" : to_text(r.destination); })},
      {"route.destination-ipv6-cidr-block",
       of_routes([](const Route& r) { return r.destination.six ? to_text(r.destination) : ""; })},
      {"route.gateway-id", of_routes([](const Route& r) { return r.gateway_id; })},
      {"route.network-interface-id", of_routes([](const Route& r) { return r.eni_id; })},
      {"route.instance-id", of_routes([&model](const Route& r) {
         const Eni* eni = find_id(model.enis, r.eni_id);
         return eni == nullptr ? std::string() : eni->instance_id;
       })},
      {"route.state", of_routes([&model](const Route& r) {
         return std::string(target_gone(model, r) ? "blackhole" : "active");
       })},
      {"association.subnet-id", of_associations([](const Association& a) { return a.subnet_id; })},
      {"association.route-table-association-id",
       of_associations([](const Association& a) { return a.id; })},
      {"association.main",
       of_associations([](const Association& a) { return flag_text(a.subnet_id.empty()); })},
  };
}

void write_groups(Xml& xml, const Model& model, const Eni& eni) {
  xml.items("groupSet", eni.group_ids, [&](const std::string& id) {
    xml.leaf("groupId", id).leaf("groupName", find_id(model.groups, id)->name);
  });
}

void write_public_association(Xml& xml, const Model& model, const Eni& eni, Ipv4 private_ip) {
  const Ipv4 shown = public_address_of(model, eni, private_ip);
  if (shown == Ipv4{}) return;
  const Address* address = find_address_at(model, private_ip);
  xml.node("association", [&] {
    xml.leaf("publicIp", to_text(shown));
    xml.leaf("ipOwnerId", address == nullptr ? "amazon" : model.account);
    if (address == nullptr) return;
    xml.leaf("allocationId", address->allocation_id);
    xml.leaf("associationId", address->association_id);
  });
}

void write_private_addresses(Xml& xml, const Model& model, const Eni& eni) {
  xml.items("privateIpAddressesSet", eni.addresses(), [&](Ipv4 address) {
    xml.leaf("privateIpAddress", to_text(address));
    xml.leaf("privateDnsName", private_dns_name(model, address));
    xml.leaf("primary", flag_text(address == eni.address));
    write_public_association(xml, model, eni, address);
  });
}

Texts address6_texts(const Eni& eni) {
  return eni.address6 ? Texts{to_text(*eni.address6)} : Texts{};
}

void write_addresses6(Xml& xml, const Eni& eni) {
  xml.items("ipv6AddressesSet", address6_texts(eni),
            [&](const std::string& address) { xml.leaf("ipv6Address", address); });
}

void write_eni(Xml& xml, const Model& model, const Eni& eni) {
  const Subnet* subnet = find_id(model.subnets, eni.subnet_id);
  const Instance* instance = find_id(model.instances, eni.instance_id);
  xml.leaf("networkInterfaceId", eni.id).leaf("subnetId", eni.subnet_id);
  xml.leaf("vpcId", model.vpc_id).leaf("availabilityZone", subnet->zone);
  xml.leaf("description", "").leaf("ownerId", model.account).leaf("requesterManaged", "false");
  xml.leaf("status", "in-use").leaf("macAddress", eni.mac);
  xml.leaf("privateIpAddress", to_text(eni.address));
  xml.leaf("privateDnsName", private_dns_name(model, eni.address));
  xml.leaf("sourceDestCheck", flag_text(eni.source_dest_check));
  write_groups(xml, model, eni);
  xml.node("attachment", [&] {
    xml.leaf("attachmentId", eni.attachment_id).leaf("instanceId", eni.instance_id);
    xml.leaf("instanceOwnerId", model.account).leaf("deviceIndex", "0").leaf("status", "attached");
    xml.leaf("attachTime", utc_text(instance->launched_ms)).leaf("deleteOnTermination", "true");
  });
  write_public_association(xml, model, eni, eni.address);
  name_tag(xml, instance->name);
  write_private_addresses(xml, model, eni);
  write_addresses6(xml, eni);
  xml.leaf("interfaceType", "interface");
}

Texts address_texts(const Eni& eni) {
  Texts out;
  for (const Ipv4 address : eni.addresses()) out.push_back(to_text(address));
  return out;
}

void write_block6(Xml& xml, const std::optional<Cidr6>& block) {
  const Texts blocks = block ? Texts{to_text(*block)} : Texts{};
  xml.items("ipv6CidrBlockAssociationSet", blocks, [&](const std::string& cidr) {
    xml.leaf("ipv6CidrBlock", cidr).leaf("associationId", make_id("cidr-assoc", cidr));
    xml.node("ipv6CidrBlockState", [&] { xml.leaf("state", "associated"); });
  });
}

FilterFields<Eni> eni_fields(const Model& model) {
  const auto subnet_of = [&model](const Eni& e) { return find_id(model.subnets, e.subnet_id); };
  return {
      {"network-interface-id", [](const Eni& e) { return Texts{e.id}; }},
      {"subnet-id", [](const Eni& e) { return Texts{e.subnet_id}; }},
      {"vpc-id", [&model](const Eni&) { return Texts{model.vpc_id}; }},
      {"mac-address", [](const Eni& e) { return Texts{e.mac}; }},
      {"status", [](const Eni&) { return Texts{"in-use"}; }},
      {"private-ip-address", [](const Eni& e) { return Texts{to_text(e.address)}; }},
      {"addresses.private-ip-address", address_texts},
      {"attachment.instance-id", [](const Eni& e) { return Texts{e.instance_id}; }},
      {"attachment.device-index", [](const Eni&) { return Texts{"0"}; }},
      {"attachment.status", [](const Eni&) { return Texts{"attached"}; }},
      {"source-dest-check", [](const Eni& e) { return Texts{flag_text(e.source_dest_check)}; }},
      {"availability-zone", [subnet_of](const Eni& e) { return Texts{subnet_of(e)->zone}; }},
      {"association.public-ip",
       [&model](const Eni& e) {
         const Ipv4 shown = public_address_of(model, e, e.address);
         return shown == Ipv4{} ? Texts{} : Texts{to_text(shown)};
       }},
      {"ipv6-addresses.ipv6-address", address6_texts},
      {"group-id", [](const Eni& e) { return e.group_ids; }},
  };
}

void write_instance_interface(Xml& xml, const Model& model, const Eni& eni) {
  xml.leaf("networkInterfaceId", eni.id).leaf("subnetId", eni.subnet_id);
  xml.leaf("vpcId", model.vpc_id).leaf("ownerId", model.account).leaf("status", "in-use");
  xml.leaf("macAddress", eni.mac).leaf("privateIpAddress", to_text(eni.address));
  xml.leaf("sourceDestCheck", flag_text(eni.source_dest_check));
  write_groups(xml, model, eni);
  xml.node("attachment", [&] {
    xml.leaf("attachmentId", eni.attachment_id).leaf("deviceIndex", "0").leaf("status", "attached");
  });
  write_public_association(xml, model, eni, eni.address);
  write_private_addresses(xml, model, eni);
  write_addresses6(xml, eni);
}

void write_block_devices(Xml& xml, const Model& model, const Instance& instance) {
  std::vector<AttachedVolume> own = model.volumes;
  std::erase_if(own, [&](const AttachedVolume& one) { return one.instance_id != instance.id; });
  xml.items("blockDeviceMapping", own, [&](const AttachedVolume& volume) {
    xml.leaf("deviceName", volume.device);
    xml.node("ebs", [&] {
      xml.leaf("volumeId", volume.id).leaf("status", "attached");
      xml.leaf("attachTime", utc_text(volume.created_ms)).leaf("deleteOnTermination", "false");
    });
  });
}

void write_instance(Xml& xml, const Model& model, const Instance& instance) {
  const Eni& eni = *find_id(model.enis, instance.eni_id);
  xml.leaf("instanceId", instance.id).leaf("imageId", "ami-00000000000000001");
  xml.node("instanceState", [&] {
    xml.leaf("code", std::to_string(code_of(instance.state))).leaf("name", to_text(instance.state));
  });
  xml.leaf("privateDnsName", private_dns_name(model, eni.address));
  const Ipv4 shown = public_address_of(model, eni, eni.address);
  if (shown != Ipv4{}) xml.leaf("ipAddress", to_text(shown));
  xml.leaf("instanceType", "t3.micro").leaf("launchTime", utc_text(instance.launched_ms));
  xml.node("placement",
           [&] { xml.leaf("availabilityZone", instance.zone).leaf("tenancy", "default"); });
  xml.node("monitoring", [&] { xml.leaf("state", "disabled"); });
  xml.leaf("subnetId", eni.subnet_id).leaf("vpcId", model.vpc_id);
  xml.leaf("privateIpAddress", to_text(eni.address));
  xml.leaf("sourceDestCheck", flag_text(eni.source_dest_check));
  write_groups(xml, model, eni);
  xml.leaf("architecture", "x86_64").leaf("rootDeviceType", "ebs").leaf("hypervisor", "xen");
  if (!instance.role.empty()) {
    xml.node("iamInstanceProfile", [&] {
      xml.leaf("arn",
               fmt::format("arn:aws:iam::{}:instance-profile/{}", model.account, instance.role));
      xml.leaf("id", make_id("AIPA", instance.role));
    });
  }
  name_tag(xml, instance.name);
  xml.node("networkInterfaceSet",
           [&] { xml.node("item", [&] { write_instance_interface(xml, model, eni); }); });
  write_block_devices(xml, model, instance);
}

FilterFields<Instance> instance_fields(const Model& model) {
  const auto eni_of = [&model](const Instance& i) { return find_id(model.enis, i.eni_id); };
  return {
      {"instance-id", [](const Instance& i) { return Texts{i.id}; }},
      {"vpc-id", [&model](const Instance&) { return Texts{model.vpc_id}; }},
      {"subnet-id", [eni_of](const Instance& i) { return Texts{eni_of(i)->subnet_id}; }},
      {"availability-zone", [](const Instance& i) { return Texts{i.zone}; }},
      {"instance-state-name",
       [](const Instance& i) { return Texts{std::string(to_text(i.state))}; }},
      {"instance-state-code",
       [](const Instance& i) { return Texts{std::to_string(code_of(i.state))}; }},
      {"private-ip-address",
       [eni_of](const Instance& i) { return Texts{to_text(eni_of(i)->address)}; }},
      {"network-interface.addresses.private-ip-address",
       [eni_of](const Instance& i) { return address_texts(*eni_of(i)); }},
      {"network-interface.ipv6-addresses.ipv6-address",
       [eni_of](const Instance& i) { return address6_texts(*eni_of(i)); }},
      {"network-interface.network-interface-id", [](const Instance& i) { return Texts{i.eni_id}; }},
      {"tag:Name", [](const Instance& i) { return Texts{i.name}; }},
  };
}

}  // namespace

Ec2Outcome describe_vpcs(const Ec2Input& input) {
  const Model& model = input.model;
  const std::vector<std::string> all = {model.vpc_id};
  const FilterFields<std::string> fields = {
      {"vpc-id", [](const std::string& id) { return Texts{id}; }},
      {"cidr", [&](const std::string&) { return Texts{to_text(model.vpc)}; }},
      {"cidr-block-association.cidr-block",
       [&](const std::string&) { return Texts{to_text(model.vpc)}; }},
      {"state", [](const std::string&) { return Texts{"available"}; }},
      {"is-default", [](const std::string&) { return Texts{"false"}; }}};
  const auto vpcs = chosen(
      input.query, all, {"VpcId", "vpc", "InvalidVpcID", "vpc ID"},
      [](const std::string& id) { return id; }, fields);
  if (!vpcs) return {std::unexpected(vpcs.error())};
  Xml xml;
  xml.items("vpcSet", *vpcs, [&](const std::string& id) {
    xml.leaf("vpcId", id).leaf("ownerId", model.account).leaf("state", "available");
    xml.leaf("cidrBlock", to_text(model.vpc));
    xml.node("cidrBlockAssociationSet", [&] {
      xml.node("item", [&] {
        xml.leaf("cidrBlock", to_text(model.vpc));
        xml.leaf("associationId", make_id("vpc-cidr-assoc", to_text(model.vpc)));
        xml.node("cidrBlockState", [&] { xml.leaf("state", "associated"); });
      });
    });
    write_block6(xml, model.vpc6);
    xml.leaf("dhcpOptionsId", make_id("dopt", id)).leaf("instanceTenancy", "default");
    xml.leaf("isDefault", "false");
    name_tag(xml, "lab");
  });
  return answer(xml);
}

Ec2Outcome describe_subnets(const Ec2Input& input) {
  const Model& model = input.model;
  const FilterFields<Subnet> fields = {
      {"subnet-id", [](const Subnet& s) { return Texts{s.id}; }},
      {"vpc-id", [&](const Subnet&) { return Texts{model.vpc_id}; }},
      {"availability-zone", [](const Subnet& s) { return Texts{s.zone}; }},
      {"cidr-block", [](const Subnet& s) { return Texts{to_text(s.cidr)}; }},
      {"state", [](const Subnet&) { return Texts{"available"}; }},
      {"tag:Name", [](const Subnet& s) { return Texts{s.name}; }}};
  const auto subnets = chosen(
      input.query, model.subnets, {"SubnetId", "subnet", "InvalidSubnetID", "subnet ID"},
      [](const Subnet& s) { return s.id; }, fields);
  if (!subnets) return {std::unexpected(subnets.error())};
  Xml xml;
  xml.items("subnetSet", *subnets, [&](const Subnet& subnet) {
    long room = (1L << (32 - subnet.cidr.length)) - 5;
    for (const Eni& eni : model.enis) {
      if (eni.subnet_id == subnet.id) room -= static_cast<long>(eni.addresses().size());
    }
    xml.leaf("subnetId", subnet.id).leaf("state", "available").leaf("vpcId", model.vpc_id);
    xml.leaf("ownerId", model.account).leaf("cidrBlock", to_text(subnet.cidr));
    xml.leaf("availableIpAddressCount", std::to_string(room));
    xml.leaf("availabilityZone", subnet.zone)
        .leaf("availabilityZoneId", zone_id(model, subnet.zone));
    write_block6(xml, subnet.cidr6);
    xml.leaf("defaultForAz", "false").leaf("mapPublicIpOnLaunch", "false");
    name_tag(xml, subnet.name);
  });
  return answer(xml);
}

Ec2Outcome describe_route_tables(const Ec2Input& input) {
  const Model& model = input.model;
  const auto tables = chosen(
      input.query, model.tables, {"RouteTableId", "rtb", "InvalidRouteTableID", "routeTable ID"},
      [](const RouteTable& t) { return t.id; }, table_fields(model));
  if (!tables) return {std::unexpected(tables.error())};
  Xml xml;
  xml.items("routeTableSet", *tables,
            [&](const RouteTable& table) { write_table(xml, model, table); });
  return answer(xml);
}

Ec2Outcome describe_network_interfaces(const Ec2Input& input) {
  const Model& model = input.model;
  const auto enis = chosen(
      input.query, model.enis,
      {"NetworkInterfaceId", "eni", "InvalidNetworkInterfaceID", "networkInterface ID"},
      [](const Eni& e) { return e.id; }, eni_fields(model));
  if (!enis) return {std::unexpected(enis.error())};
  Xml xml;
  xml.items("networkInterfaceSet", *enis, [&](const Eni& eni) { write_eni(xml, model, eni); });
  return answer(xml);
}

Ec2Outcome describe_instances(const Ec2Input& input) {
  const Model& model = input.model;
  const auto instances = chosen(
      input.query, model.instances, {"InstanceId", "i", "InvalidInstanceID", "instance ID"},
      [](const Instance& i) { return i.id; }, instance_fields(model));
  if (!instances) return {std::unexpected(instances.error())};
  Xml xml;
  xml.items("reservationSet", *instances, [&](const Instance& instance) {
    xml.leaf("reservationId", make_id("r", instance.name)).leaf("ownerId", model.account);
    xml.node("groupSet", [] {});
    xml.node("instancesSet",
             [&] { xml.node("item", [&] { write_instance(xml, model, instance); }); });
  });
  return answer(xml);
}

Ec2Outcome describe_availability_zones(const Ec2Input& input) {
  const Model& model = input.model;
  Texts zones = input.query.list("ZoneName");
  for (const std::string& zone : zones) {
    if (std::ranges::find(model.zones, zone) == model.zones.end()) {
      return refuse(400, "InvalidParameterValue",
                    fmt::format("Invalid availability zone: [{}]", zone));
    }
  }
  if (zones.empty()) zones = model.zones;
  const Texts ids = input.query.list("ZoneId");
  std::erase_if(zones, [&](const std::string& zone) {
    return !ids.empty() && std::ranges::find(ids, zone_id(model, zone)) == ids.end();
  });
  const auto condition_of = [&](const std::string& zone) {
    const auto found = model.zone_conditions.find(zone);
    return found == model.zone_conditions.end() ? ZoneCondition{} : found->second;
  };
  const auto left = filtered<std::string>(
      input.query, zones,
      {{"zone-name", [](const std::string& zone) { return Texts{zone}; }},
       {"zone-id", [&](const std::string& zone) { return Texts{zone_id(model, zone)}; }},
       {"region-name", [&](const std::string&) { return Texts{model.region}; }},
       {"state", [&](const std::string& zone) { return Texts{condition_of(zone).state}; }}});
  if (!left) return {std::unexpected(left.error())};
  Xml xml;
  xml.items("availabilityZoneInfo", *left, [&](const std::string& zone) {
    const ZoneCondition condition = condition_of(zone);
    xml.leaf("zoneName", zone).leaf("zoneState", condition.state);
    xml.leaf("regionName", model.region);
    xml.leaf("zoneId", zone_id(model, zone)).leaf("groupName", model.region);
    xml.leaf("networkBorderGroup", model.region).leaf("zoneType", "availability-zone");
    xml.leaf("optInStatus", "opt-in-not-required");
    xml.items("messageSet", condition.message.empty() ? Texts{} : Texts{condition.message},
              [&](const std::string& message) { xml.leaf("message", message); });
  });
  return answer(xml);
}

Ec2Outcome describe_addresses(const Ec2Input& input) {
  const Model& model = input.model;
  const FilterFields<Address> fields = {
      {"allocation-id", [](const Address& a) { return Texts{a.allocation_id}; }},
      {"association-id", [](const Address& a) { return Texts{a.association_id}; }},
      {"network-interface-id", [](const Address& a) { return Texts{a.eni_id}; }},
      {"public-ip", [](const Address& a) { return Texts{to_text(a.public_ip)}; }},
      {"private-ip-address",
       [](const Address& a) { return a.eni_id.empty() ? Texts{} : Texts{to_text(a.private_ip)}; }},
      {"domain", [](const Address&) { return Texts{"vpc"}; }}};
  auto addresses = chosen(
      input.query, model.addresses,
      {"AllocationId", "eipalloc", "InvalidAllocationID", "allocation ID"},
      [](const Address& a) { return a.allocation_id; }, fields);
  if (!addresses) return {std::unexpected(addresses.error())};
  const Texts wanted = input.query.list("PublicIp");
  for (const std::string& ip : wanted) {
    const auto known = [&](const Address& a) { return to_text(a.public_ip) == ip; };
    if (std::ranges::none_of(model.addresses, known)) {
      return refuse(400, "InvalidAddress.NotFound", fmt::format("Address '{}' not found.", ip));
    }
  }
  std::erase_if(*addresses, [&](const Address& a) {
    return !wanted.empty() && std::ranges::find(wanted, to_text(a.public_ip)) == wanted.end();
  });
  Xml xml;
  xml.items("addressesSet", *addresses, [&](const Address& address) {
    xml.leaf("publicIp", to_text(address.public_ip)).leaf("allocationId", address.allocation_id);
    xml.leaf("domain", "vpc").leaf("publicIpv4Pool", "amazon");
    xml.leaf("networkBorderGroup", model.region);
    const Eni* eni = find_id(model.enis, address.eni_id);
    if (eni == nullptr) return;
    xml.leaf("associationId", address.association_id).leaf("instanceId", eni->instance_id);
    xml.leaf("networkInterfaceId", eni->id).leaf("networkInterfaceOwnerId", model.account);
    xml.leaf("privateIpAddress", to_text(address.private_ip));
  });
  return answer(xml);
}

}  // namespace mainstay::lab::ec2
