// The guide's patterns besides the virtual IP, with real daemons in the lab: an Elastic IP, a name
// in Route 53, and a secondary private address. Each group is lost, moved, and changed by hand.
#include "e2e/fixture.h"

namespace mainstay::bench {
namespace {

// The group moves by an order, and back when its node dies; a client finds it where it is.
void moves_and_fails_over(PatternStage& stage, std::string_view death) {
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
  const auto moved = stage.cluster->ask(first, {"group", "move", std::string(group_name), second});
  REQUIRE_MESSAGE(moved, moved.error().message, "\n", stage.cluster->log_of(second));
  must(stage.cluster->wait_until_moved_from(first, patience));
  CHECK(must(stage.cluster->last_activation(second)).evidence == "reported");
  CHECK(stage.waits_for([&] { return stage.serves(second); }));
  const CaseOutcome lost = stage.play(death);
  CHECK(lost.evidence == "presumed");
  CHECK(lost.result.activations == 1);
  CHECK(lost.result.both_active_ms == 0);
  CHECK(stage.owner() == first);
  CHECK(stage.waits_for([&] { return stage.serves(first); }));
}

}  // namespace

TEST_CASE("Figure 5-1: an Elastic IP follows the group, and is taken back from whoever took it") {
  PatternStage stage(Pattern::eip);
  moves_and_fails_over(stage, "eip-node-killed");
  const std::string owner = stage.owner();
  const std::string other = stage.cluster->other(owner);
  CHECK(stage.holder() == stage.eni_of(owner));

  const std::int64_t before = monotonic_ns();
  const std::string association =
      stage.aws(other, {"ec2", "describe-addresses", "--allocation-ids", stage.site.allocation_id,
                        "--query", "Addresses[0].AssociationId"});
  stage.aws(other, {"ec2", "disassociate-address", "--association-id", association});
  CHECK(stage.waits_for([&] {
    return stage.said_by(owner, "detected an error. (7 : The EIP address does not exist.", before);
  }));
  CHECK(stage.waits_for([&] { return stage.holder() == stage.eni_of(owner); }));
  CHECK(stage.waits_for([&] { return stage.serves(owner); }));
  CHECK(stage.owner() == owner);
}

TEST_CASE("Figure 6-1: a name follows the group, and a record changed by hand is put right") {
  PatternStage stage(Pattern::dns);
  moves_and_fails_over(stage, "dns-node-killed");
  const std::string owner = stage.owner();
  const std::string other = stage.cluster->other(owner);
  const auto recorded = [&] {
    return stage.aws(other, {"route53", "list-resource-record-sets", "--hosted-zone-id",
                             stage.site.hosted_zone_id, "--query",
                             "ResourceRecordSets[?Type=='A'].ResourceRecords[].Value"});
  };
  CHECK(recorded() == stage.address_of(owner));

  const std::int64_t before = monotonic_ns();
  stage.aws(other, {"route53", "change-resource-record-sets", "--hosted-zone-id",
                    stage.site.hosted_zone_id, "--change-batch",
                    fmt::format(R"({{"Changes":[{{"Action":"UPSERT","ResourceRecordSet":{{)"
                                R"("Name":"{}","Type":"A","TTL":5,"ResourceRecords":)"
                                R"([{{"Value":"{}"}}]}}}}]}})",
                                service_name, stage.address_of(other))});
  CHECK(stage.waits_for([&] {
    return stage.said_by(owner, "detected an error. (8 : The different IP address", before);
  }));
  CHECK(stage.waits_for([&] { return recorded() == stage.address_of(owner); }));
  CHECK(stage.waits_for([&] { return stage.serves(owner); }));
  CHECK(stage.owner() == owner);
}

TEST_CASE("a secondary private address follows the group within its subnet") {
  PatternStage stage(Pattern::sip);
  moves_and_fails_over(stage, "node-killed");
  const std::string owner = stage.owner();
  const std::string other = stage.cluster->other(owner);
  const auto holder = [&] {
    return stage.aws(
        other, {"ec2", "describe-network-interfaces", "--filters",
                fmt::format("Name=addresses.private-ip-address,Values={}", secondary_ip), "--query",
                "NetworkInterfaces[].NetworkInterfaceId"});
  };
  CHECK(holder() == stage.eni_of(owner));

  const std::int64_t before = monotonic_ns();
  stage.aws(other,
            {"ec2", "assign-private-ip-addresses", "--allow-reassignment", "--private-ip-addresses",
             std::string(secondary_ip), "--network-interface-id", stage.eni_of(other)});
  CHECK(stage.waits_for([&] {
    return stage.said_by(owner, "detected an error. (8 : The secondary IP address was changed.",
                         before);
  }));
  CHECK(stage.waits_for([&] { return holder() == stage.eni_of(owner); }));
  CHECK(stage.waits_for([&] { return stage.serves(owner); }));
  CHECK(stage.owner() == owner);
}

}  // namespace mainstay::bench
