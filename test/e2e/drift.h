// What leads to the group, changed by hand: said, put right where the group is, and no reason to
// move it.
#pragma once

#include "e2e/fixture.h"

namespace mainstay::bench {

// The monitor of the routes looks every second, as those of the other patterns do.
inline constexpr std::string_view hasty_routes =
    "\n[[monitor]]\nname = \"awsvipw1\"\ntype = \"awsvipw\"\nchecks = \"awsvip1\"\n"
    "interval = \"1s\"\nrecovery = { restart_max = 99 }\n";

struct Drift {
  std::function<void()> change;
  std::string said;
  std::function<bool()> is_right;
};

inline Drift drift_of_routes(PatternStage& stage, const std::string& owner) {
  const std::string other = stage.cluster->other(owner);
  return {[&stage, other] {
            const std::string table = stage.aws(other, {"ec2", "describe-route-tables", "--filters",
                                                        "Name=tag:Name,Values=Private-B", "--query",
                                                        "RouteTables[0].RouteTableId"});
            stage.aws(other, {"ec2", "replace-route", "--route-table-id", table,
                              "--destination-cidr-block", fmt::format("{}/32", virtual_ip),
                              "--network-interface-id", stage.eni_of(other)});
          },
          "(8 : The routing for VIP was changed.",
          [&stage, owner] {
            const auto routes = must(stage.lab.routes_to(virtual_ip));
            return routes.size() == 3 && std::ranges::all_of(routes, [&](const RouteTarget& one) {
                     return one.eni == stage.eni_of(owner);
                   });
          }};
}

inline Drift drift_of_elastic_ip(PatternStage& stage, const std::string& owner) {
  return {[&stage, owner] {
            const std::string other = stage.cluster->other(owner);
            const std::string association = stage.aws(
                other, {"ec2", "describe-addresses", "--allocation-ids", stage.site.allocation_id,
                        "--query", "Addresses[0].AssociationId"});
            stage.aws(other, {"ec2", "disassociate-address", "--association-id", association});
          },
          "(7 : The EIP address does not exist.",
          [&stage, owner] { return stage.holder() == stage.eni_of(owner); }};
}

inline Drift drift_of_record(PatternStage& stage, const std::string& owner) {
  const std::string other = stage.cluster->other(owner);
  return {[&stage, other] {
            stage.aws(other,
                      {"route53", "change-resource-record-sets", "--hosted-zone-id",
                       stage.site.hosted_zone_id, "--change-batch",
                       fmt::format(R"({{"Changes":[{{"Action":"UPSERT","ResourceRecordSet":{{)"
                                   R"("Name":"{}","Type":"A","TTL":5,"ResourceRecords":)"
                                   R"([{{"Value":"{}"}}]}}}}]}})",
                                   service_name, stage.address_of(other))});
          },
          "(8 : The different IP address",
          [&stage, owner, other] {
            return stage.aws(other, {"route53", "list-resource-record-sets", "--hosted-zone-id",
                                     stage.site.hosted_zone_id, "--query",
                                     "ResourceRecordSets[?Type=='A'].ResourceRecords[].Value"}) ==
                   stage.address_of(owner);
          }};
}

inline Drift drift_of_secondary_ip(PatternStage& stage, const std::string& owner) {
  const std::string other = stage.cluster->other(owner);
  return {[&stage, other] {
            stage.aws(other, {"ec2", "assign-private-ip-addresses", "--allow-reassignment",
                              "--private-ip-addresses", std::string(secondary_ip),
                              "--network-interface-id", stage.eni_of(other)});
          },
          "(8 : The secondary IP address was changed.",
          [&stage, owner, other] {
            return stage.aws(other, {"ec2", "describe-network-interfaces", "--filters",
                                     fmt::format("Name=addresses.private-ip-address,Values={}",
                                                 secondary_ip),
                                     "--query", "NetworkInterfaces[].NetworkInterfaceId"}) ==
                   stage.eni_of(owner);
          }};
}

inline Drift drift_of(PatternStage& stage, const std::string& owner) {
  switch (stage.setting.pattern) {
    case Pattern::vip:
      return drift_of_routes(stage, owner);
    case Pattern::eip:
      return drift_of_elastic_ip(stage, owner);
    case Pattern::dns:
      return drift_of_record(stage, owner);
    case Pattern::sip:
      return drift_of_secondary_ip(stage, owner);
  }
  FAIL("there is no such pattern");
  return {};
}

inline void drift_is_put_right(PatternStage& stage) {
  const std::string owner = stage.owner();
  const Drift drift = drift_of(stage, owner);
  CHECK(stage.waits_for(drift.is_right));
  const std::int64_t before = monotonic_ns();
  drift.change();
  CHECK(stage.waits_for(
      [&] { return stage.said_by(owner, "detected an error. " + drift.said, before); }));
  CHECK(stage.waits_for(drift.is_right));
  CHECK(stage.waits_for([&] { return stage.serves(owner); }));
  CHECK(stage.owner() == owner);
}

}  // namespace mainstay::bench
