#include "harness/setting.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::bench {
namespace {

constexpr const char* clients_subnet = "Subnet-Clients";
constexpr const char* store_address = "10.0.200.20";
constexpr int store_port = 2379;
constexpr const char* ledger_instance = "ledger";
constexpr int ledger_port = 7000;
constexpr Duration store_patience = 30s;

std::string store_url() { return fmt::format("http://{}:{}", store_address, store_port); }

// At each of its boots: the arbiter dies with its machine.
Status start_store(const Lab& lab) {
  const std::vector<std::string> etcd = {"etcd",          "--data-dir",
                                         "/var/lib/etcd", "--listen-client-urls",
                                         store_url(),     "--advertise-client-urls",
                                         store_url()};
  if (auto done = lab.at_boot(store_instance, etcd); !done) return done;
  if (auto done = lab.start(store_instance, "/var/log/etcd.log", etcd); !done) return done;
  const std::int64_t until = monotonic_ns() + store_patience.count();
  const std::vector<std::string> connect = {
      "bash", "-c", fmt::format("exec 3<>/dev/tcp/{}/{}", store_address, store_port)};
  for (;;) {
    const auto connected = lab.exec(store_instance, connect);
    if (connected) return {};
    if (monotonic_ns() > until) {
      return failure(Code::timed_out,
                     fmt::format("etcd takes no connections {} after its start. It is part of "
                                 "Debian's package etcd-server: is that installed? {}",
                                 mainstay::to_text(store_patience), connected.error().message));
    }
    if (!pause(100ms)) return failure(Code::cancelled, "interrupted");
  }
}

// Where the ledger is: the layout of the Elastic IP has no subnet for clients.
struct Place {
  const char* subnet;
  const char* address;
};
Place ledger_place(Pattern pattern) {
  if (pattern == Pattern::eip) return {"Subnet-1B", "10.0.20.30"};
  return {clients_subnet, "10.0.200.30"};
}

Status start_shared_ledger(const Lab& lab, const Programs& programs, const Site& site) {
  return lab.start(ledger_instance, "/var/log/shared-ledger.log",
                   {programs.lab, "shared-ledger", "--listen", site.shared_ledger, "--out",
                    fmt::format("/run/lab/{}", shared_ledger_file)});
}

}  // namespace

const std::vector<std::string>& evidence_names() {
  static const std::vector<std::string> names = {
      std::string(presumed_evidence), std::string(dynamodb_evidence), std::string(etcd_evidence),
      std::string(forced_stop_evidence)};
  return names;
}

bool has_arbiter(std::string_view evidence) {
  return evidence == dynamodb_evidence || evidence == etcd_evidence;
}

LabWish wish_of(const Setting& setting) {
  const Place ledger = ledger_place(setting.pattern);
  LabWish wish = {.pattern = setting.pattern,
                  .instances = {{ledger_instance, ledger.subnet, ledger.address}},
                  .ipv6 = setting.ipv6};
  if (setting.evidence == etcd_evidence) {
    wish.instances.push_back({store_instance, clients_subnet, store_address});
  }
  if (setting.pattern == Pattern::sip) {
    wish.instances.push_back({neighbour, "Subnet-2A", "10.0.110.11", "ha-node"});
  }
  return wish;
}

Result<Site> arrange(const Lab& lab, const Programs& programs, const Setting& setting) {
  auto site = lab.site(setting.pattern);
  if (!site) return site;
  site->profile = setting.profile;
  site->shared_ledger = fmt::format("{}:{}", ledger_place(setting.pattern).address, ledger_port);
  if (auto done = start_shared_ledger(lab, programs, *site); !done) {
    return std::unexpected(done.error());
  }
  if (has_arbiter(setting.evidence)) site->arbiter = setting.evidence;
  if (setting.evidence == etcd_evidence) {
    if (auto done = start_store(lab); !done) return std::unexpected(done.error());
    site->etcd_endpoints = {store_url()};
  }
  if (setting.evidence == forced_stop_evidence || setting.forced_stop_too) {
    site->forced_stop = "kind = \"ec2\"\n";
  }
  return site;
}

Status take_arbiter_away(const Lab& lab, const Site& site) {
  if (site.arbiter == dynamodb_evidence) {
    return lab.fault({"api", "outage", "--action", "dynamodb:*"});
  }
  return lab.fault({"kill", store_instance});
}

Status bring_arbiter_back(const Lab& lab, const Site& site) {
  if (site.arbiter == dynamodb_evidence) return lab.fault({"api", "clear"});
  return lab.fault({"start", store_instance});
}

}  // namespace mainstay::bench
