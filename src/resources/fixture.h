// One resource of each AWS type, right after a failure of server2: everything still leads there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "resources/testing.h"

namespace mainstay::testing {

inline constexpr auto own_eni = "eni-0a1b2c3d4e5f60711";
inline constexpr auto peer_eni = "eni-0a1b2c3d4e5f60712";
inline constexpr auto own_mac = "02:00:00:00:00:01";

// ENI and interface are left to be found.
struct AwsBench : ResourceBench {
  AwsBench(std::string_view name, Params own) : ResourceBench(name, std::move(own)) {
    const AwsInterface mine{own_eni, own_mac,       "vpc-1", "subnet-1", "az-1",
                            "i-1",   "10.0.110.10", false,   {}};
    aws.self = {"i-1", "ap-northeast-1", "az-1", {mine}};
    aws.interfaces[own_eni] = mine;
    aws.interfaces[peer_eni] = mine;
    aws.interfaces[peer_eni].id = peer_eni;
    host.macs = {{own_mac, "ens5"}};
    facts.cause = StartCause::failover;
  }
};

struct VipBench : AwsBench {
  VipBench() : AwsBench("awsvip", {{"ip", std::string("10.1.0.20")}}) {
    for (const char* id : {"rtb-1", "rtb-2", "rtb-3"}) {
      aws.tables.push_back({id,
                            "",
                            false,
                            {std::string("subnet-of-") + id},
                            {{"10.1.0.20/32", peer_eni, "", true}}});
    }
  }
  std::string holder(const std::string& table) { return aws.route(table, "10.1.0.20/32").eni; }
};

struct EipBench : AwsBench {
  EipBench() : AwsBench("awseip", {{"allocation_id", std::string("eipalloc-1")}}) {
    aws.addresses["eipalloc-1"] = {"eipalloc-1", "198.51.100.20", "eipassoc-peer", peer_eni,
                                   "10.0.20.10"};
  }
  std::string holder() { return aws.addresses["eipalloc-1"].eni; }
};

struct SipBench : AwsBench {
  SipBench() : AwsBench("awssip", {{"ip", std::string("10.0.110.50")}}) {
    aws.interfaces[peer_eni].secondary_ips = {"10.0.110.50"};
  }
};

struct DnsBench : AwsBench {
  DnsBench()
      : AwsBench("awsdns", {{"zone_id", std::string("Z1")},
                            {"record_name", std::string("web.example.com.")},
                            {"ip", std::string("10.0.110.10")},
                            {"ttl", Duration(5s)},
                            {"settle", Duration(0s)}}) {
    aws.hosted_zones["Z1"] = {"Z1", "example.com.", false, {"ns-1.example.net"}};
    aws.records["web.example.com."] = {
        "Z1", "web.example.com.", RecordType::a, {"10.0.120.10"}, 5s};
    everybody_resolves("10.0.120.10");
  }
  void everybody_resolves(const std::string& address) {
    resolver.servers["ns-1.example.net"] = std::vector<std::string>{address};
    resolver.names["web.example.com."] = std::vector<std::string>{address};
  }
};

// Active and served, as all monitors should see it.
template <class Bench>
std::unique_ptr<AwsBench> active() {
  auto bench = std::make_unique<Bench>();
  MAINSTAY_CHECK(bench->activate().has_value());
  if constexpr (std::is_same_v<Bench, DnsBench>) {
    bench->everybody_resolves("10.0.110.10");
    bench->clock.advance(1min);
  }
  bench->aws.calls.clear();
  return bench;
}

struct NamedBench {
  const char* type;
  std::function<std::unique_ptr<AwsBench>()> make;    // a failover is due
  std::function<std::unique_ptr<AwsBench>()> active;  // it is over
};

inline const std::vector<NamedBench>& benches_of_all() {
  static const std::vector<NamedBench> all = {
      {"awsvip", [] { return std::make_unique<VipBench>(); }, &active<VipBench>},
      {"awseip", [] { return std::make_unique<EipBench>(); }, &active<EipBench>},
      {"awssip", [] { return std::make_unique<SipBench>(); }, &active<SipBench>},
      {"awsdns", [] { return std::make_unique<DnsBench>(); }, &active<DnsBench>}};
  return all;
}

// Every call of AWS fails like this, from now on.
inline void fail_always(ResourceBench& bench, const Error& error) {
  for (const char* verb :
       {"identity", "vpc_cidrs", "route_tables", "network_interface", "address", "hosted_zone",
        "record", "change_in_sync", "replace_route", "associate_address", "disassociate_address",
        "assign_private_ip", "upsert_record", "remove_record"}) {
    bench.aws.faults[verb].assign(1000, {Fault::When::before, error, false});
  }
}

inline bool changes_something(const std::string& call) {
  for (const char* verb :
       {"replace_route", "associate_address", "disassociate_address", "assign_private_ip",
        "upsert_record", "remove_record", "stop_instance", "start_instance"}) {
    if (call.starts_with(verb)) return true;
  }
  return false;
}

}  // namespace mainstay::testing
