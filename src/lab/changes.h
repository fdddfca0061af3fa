// What the kernel must do so that packets follow the account: the difference of two models.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "lab/model.h"

namespace mainstay::lab {

struct SetRoute {  // one netlink message, atomic
  std::string table_id;
  Route route{};
  friend bool operator==(const SetRoute&, const SetRoute&) = default;
};
struct RemoveRoute {
  std::string table_id;
  Cidr destination{};
  friend bool operator==(const RemoveRoute&, const RemoveRoute&) = default;
};
struct SetCheck {
  std::string eni_id;
  bool on = true;
  friend bool operator==(const SetCheck&, const SetCheck&) = default;
};
struct MapAddress {  // an Elastic IP now belongs to this private address
  Ipv4 public_ip{};
  Ipv4 private_ip{};
  friend bool operator==(const MapAddress&, const MapAddress&) = default;
};
struct UnmapAddress {
  Ipv4 public_ip{};
  Ipv4 private_ip{};
  friend bool operator==(const UnmapAddress&, const UnmapAddress&) = default;
};

using Change = std::variant<SetRoute, RemoveRoute, SetCheck, MapAddress, UnmapAddress>;

// In an order that can be carried out: addresses are taken away before they are given.
std::vector<Change> changes(const Model& before, const Model& after);

std::string to_text(const Change& change);

}  // namespace mainstay::lab
