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
  Destination destination{};
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

struct SetPrivate {  // a secondary private address is now at this interface
  std::string eni_id;
  Ipv4 address{};
  std::string from_eni = {};  // which had it before; empty: nobody
  friend bool operator==(const SetPrivate&, const SetPrivate&) = default;
};
struct RemovePrivate {
  std::string eni_id;
  Ipv4 address{};
  friend bool operator==(const RemovePrivate&, const RemovePrivate&) = default;
};

// What security groups let in, address by address.
struct Admission {
  std::string protocol;
  Cidr source{};
  int from_port = 0;
  int to_port = 0;
  friend bool operator==(const Admission&, const Admission&) = default;
};
struct SetGuard {  // nothing but this and what belongs to it gets in
  std::string eni_id;
  std::vector<Admission> admissions = {};
  friend bool operator==(const SetGuard&, const SetGuard&) = default;
};

using Change = std::variant<SetRoute, RemoveRoute, SetCheck, MapAddress, UnmapAddress, SetPrivate,
                            RemovePrivate, SetGuard>;

// In an order that can be carried out: addresses are taken away before they are given.
std::vector<Change> changes(const Model& before, const Model& after);

std::string to_text(const Change& change);

}  // namespace mainstay::lab
