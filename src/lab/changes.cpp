// Comparing two accounts.
#include "lab/changes.h"

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::lab {
namespace {

const Route* find_route(const RouteTable& table, const Cidr& destination) {
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

Ipv4 address_of(const Model& model, const std::string& eni_id) {
  const Eni* eni = find_id(model.enis, eni_id);
  MAINSTAY_CHECK(eni != nullptr);
  return eni->address;
}

void compare_addresses(const Model& before, const Model& after, std::vector<Change>& out) {
  const auto holder = [](const Model& model, Ipv4 public_ip) {
    const auto found = std::ranges::find(model.addresses, public_ip, &Address::public_ip);
    return found == model.addresses.end() ? std::string() : found->eni_id;
  };
  for (const Address& was : before.addresses) {
    if (was.eni_id.empty() || holder(after, was.public_ip) == was.eni_id) continue;
    out.push_back(UnmapAddress{was.public_ip, address_of(before, was.eni_id)});
  }
  for (const Address& now : after.addresses) {
    if (now.eni_id.empty() || holder(before, now.public_ip) == now.eni_id) continue;
    out.push_back(MapAddress{now.public_ip, address_of(after, now.eni_id)});
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
  compare_addresses(before, after, out);
  return out;
}

std::string to_text(const Change& change) { return std::visit(ToText{}, change); }

}  // namespace mainstay::lab
