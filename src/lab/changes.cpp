// Comparing two accounts.
#include "lab/changes.h"

#include <fmt/format.h>

namespace mainstay::lab {
namespace {

const Route* find_route(const RouteTable& table, const Destination& destination) {
  const auto found = std::ranges::find(table.routes, destination, &Route::destination);
  return found == table.routes.end() ? nullptr : &*found;
}

void compare_tables(const Model& before, const Model& after, std::vector<Change>& out) {
  for (const RouteTable& now : after.tables) {
    const RouteTable* was = find_id(before.tables, now.id);
    if (was != nullptr) {
      for (const Route& route : was->routes) {
        if (find_route(now, route.destination) == nullptr) {
          out.push_back(RemoveRoute{now.id, route.destination});
        }
      }
    }
    for (const Route& route : now.routes) {
      const Route* old = was == nullptr ? nullptr : find_route(*was, route.destination);
      if (old == nullptr || *old != route) out.push_back(SetRoute{now.id, route});
    }
  }
}

// Public address -> private address, Elastic or AWS's own.
std::map<Ipv4, Ipv4> public_map(const Model& model) {
  std::map<Ipv4, Ipv4> out;
  for (const Eni& eni : model.enis) {
    for (const Ipv4 address : eni.addresses()) {
      const Ipv4 shown = public_address_of(model, eni, address);
      if (shown != Ipv4{}) out[shown] = address;
    }
  }
  return out;
}

void compare_addresses(const Model& before, const Model& after, std::vector<Change>& out) {
  const auto was = public_map(before);
  const auto now = public_map(after);
  for (const auto& [shown, address] : was) {
    const auto found = now.find(shown);
    if (found == now.end() || found->second != address) out.push_back(UnmapAddress{shown, address});
  }
  for (const auto& [shown, address] : now) {
    const auto found = was.find(shown);
    if (found == was.end() || found->second != address) out.push_back(MapAddress{shown, address});
  }
}

std::map<Ipv4, std::string> secondary_holders(const Model& model) {
  std::map<Ipv4, std::string> out;
  for (const Eni& eni : model.enis) {
    for (const Ipv4 address : eni.secondary) out[address] = eni.id;
  }
  return out;
}

void compare_secondary(const Model& before, const Model& after, std::vector<Change>& out) {
  const auto was = secondary_holders(before);
  const auto now = secondary_holders(after);
  for (const auto& [address, eni] : was) {
    if (!now.contains(address)) out.push_back(RemovePrivate{eni, address});
  }
  for (const auto& [address, eni] : now) {
    const auto old = was.find(address);
    if (old == was.end()) {
      out.push_back(SetPrivate{eni, address});
    } else if (old->second != eni) {
      out.push_back(SetPrivate{eni, address, old->second});
    }
  }
}

bool has_group(const Eni& eni, const std::string& group) {
  return std::ranges::find(eni.group_ids, group) != eni.group_ids.end();
}

SetGuard guard_of(const Model& model, const Eni& eni) {
  SetGuard guard{.eni_id = eni.id};
  for (const SecurityGroup& group : model.groups) {
    if (!has_group(eni, group.id)) continue;
    for (const GroupRule& rule : group.ingress) {
      const Admission open{rule.protocol, rule.source, rule.from_port, rule.to_port};
      if (rule.group_id.empty()) guard.admissions.push_back(open);
      for (const Eni& other : model.enis) {
        if (rule.group_id.empty() || !has_group(other, rule.group_id)) continue;
        for (const Ipv4 address : other.addresses()) {
          Admission one = open;
          one.source = {address, 32};
          guard.admissions.push_back(one);
        }
      }
    }
  }
  return guard;
}

// The default group of the lab lets everything in; its interfaces have no guard.
void compare_guards(const Model& before, const Model& after, std::vector<Change>& out) {
  for (const Eni& eni : after.enis) {
    if (has_group(eni, after.group_id)) continue;
    const SetGuard now = guard_of(after, eni);
    const Eni* old = find_id(before.enis, eni.id);
    if (old == nullptr || guard_of(before, *old) != now) out.push_back(now);
  }
}

struct ToText {
  std::string operator()(const SetRoute& c) const {
    const std::string& target = c.route.eni_id.empty() ? c.route.gateway_id : c.route.eni_id;
    return fmt::format("{}: {} -> {}", c.table_id, to_text(c.route.destination), target);
  }
  std::string operator()(const RemoveRoute& c) const {
    return fmt::format("{}: {} removed", c.table_id, to_text(c.destination));
  }
  std::string operator()(const SetCheck& c) const {
    return fmt::format("{}: source/dest. check {}", c.eni_id, c.on ? "on" : "off");
  }
  std::string operator()(const MapAddress& c) const {
    return fmt::format("{} -> {}", to_text(c.public_ip), to_text(c.private_ip));
  }
  std::string operator()(const UnmapAddress& c) const {
    return fmt::format("{} no longer -> {}", to_text(c.public_ip), to_text(c.private_ip));
  }
  std::string operator()(const SetPrivate& c) const {
    return fmt::format("{} at {}", to_text(c.address), c.eni_id);
  }
  std::string operator()(const RemovePrivate& c) const {
    return fmt::format("{} no longer at {}", to_text(c.address), c.eni_id);
  }
  std::string operator()(const SetGuard& c) const {
    return fmt::format("{}: {} rules of security groups", c.eni_id, c.admissions.size());
  }
};

}  // namespace

std::vector<Change> changes(const Model& before, const Model& after) {
  std::vector<Change> out;
  compare_tables(before, after, out);
  for (const Eni& now : after.enis) {
    const Eni* was = find_id(before.enis, now.id);
    if (was == nullptr || was->source_dest_check != now.source_dest_check) {
      out.push_back(SetCheck{now.id, now.source_dest_check});
    }
  }
  compare_secondary(before, after, out);
  compare_guards(before, after, out);
  compare_addresses(before, after, out);
  return out;
}

std::string to_text(const Change& change) { return std::visit(ToText{}, change); }

}  // namespace mainstay::lab
