#include "harness/site.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view ec2_endpoint = "ec2.ap-northeast-1.amazonaws.com";

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

std::string list(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (const std::string& text : texts) all.push_back(quoted(text));
  return fmt::format("[{}]", fmt::join(all, ", "));
}

std::string head(const Site& site) {
  std::string text = fmt::format(
      "# Two nodes in two zones; a virtual IP in the VPC's route tables and a web server.\n"
      "name = \"demo\"\nkey_file = {}\nprofile = {}\n",
      quoted(key_path), quoted(site.profile));
  std::vector<std::string> addresses;
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("\n[[node]]\nname = {}\n", quoted(node.name));
    addresses.push_back(fmt::format("{} = {}", node.name, quoted(node.address)));
  }
  return text + fmt::format("\n[[path]]\nname = \"vpc\"\naddress = {{ {} }}\n",
                            fmt::join(addresses, ", "));
}

std::string arbitration(const Site& site) {
  std::string text = fmt::format("\n[arbitration]\narbiter = {}\n", quoted(site.arbiter));
  if (site.etcd_endpoints.empty()) return text;
  return text + fmt::format("[arbitration.etcd]\nendpoints = {}\n", list(site.etcd_endpoints));
}

// Where no NAT instance is, the endpoint is asked, and the ledger besides: the way to the endpoint
// begins with the node's public address, which changes when the node takes the Elastic IP.
std::string reachability_without_nat(const Site& site) {
  std::vector<std::string> targets = {fmt::format("{}:443", ec2_endpoint)};
  if (!site.shared_ledger.empty()) targets.push_back(site.shared_ledger);
  return fmt::format(
      "\n[[arbitration.reachability]]\nname = \"endpoint\"\nkind = \"tcp\"\ntargets = {}\n",
      list(targets));
}

bool has_nat(const Site& site) { return !site.nodes.front().nat_address.empty(); }

// Each node asks the NAT instance of its own zone whether it is cut off itself.
std::string reachability(const Site& site) {
  if (!has_nat(site)) return reachability_without_nat(site);
  std::string text = "\n[[arbitration.reachability]]\nname = \"nat\"\nkind = \"ping\"\n";
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[arbitration.reachability.node.{}]\ntargets = {}\n", node.name,
                        list({node.nat_address}));
  }
  return text;
}

std::string resource(std::string_view type) {
  return fmt::format("\n[[resource]]\nname = \"{0}1\"\ntype = \"{0}\"\ngroup = {1}\n", type,
                     quoted(group_name));
}

std::string of_each_node(const Site& site, std::string_view field, std::string SiteNode::*value) {
  std::string text;
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[resource.node.{}]\n{} = {}\n", node.name, field, quoted(node.*value));
  }
  return text;
}

// What somebody changes by hand is to be found in seconds, not in the minute that is usual.
std::string hasty_monitor(std::string_view type) {
  return fmt::format(
      "\n[[monitor]]\nname = \"{0}w1\"\ntype = \"{0}w\"\nchecks = \"{0}1\"\n"
      "interval = \"1s\"\nrecovery = {{ restart_max = 99 }}\n",
      type);
}

std::string address(const Site& site) {
  const std::string& more = site.address_lines;
  switch (site.pattern) {
    case Pattern::vip:
      return resource("awsvip") +
             fmt::format("ip = {}\nvpc_id = {}\n", quoted(virtual_ip), quoted(site.vpc)) + more +
             of_each_node(site, "eni_id", &SiteNode::eni);
    case Pattern::eip:
      return resource("awseip") + fmt::format("allocation_id = {}\n", quoted(site.allocation_id)) +
             more + of_each_node(site, "eni_id", &SiteNode::eni) + hasty_monitor("awseip");
    case Pattern::dns:
      return resource("awsdns") +
             fmt::format("zone_id = {}\nrecord_name = {}\nttl = \"5s\"\n",
                         quoted(site.hosted_zone_id), quoted(service_name)) +
             more + of_each_node(site, "ip", &SiteNode::address) + hasty_monitor("awsdns");
    case Pattern::sip:
      return resource("awssip") + fmt::format("ip = {}\n", quoted(secondary_ip)) + more +
             of_each_node(site, "eni_id", &SiteNode::eni) + hasty_monitor("awssip");
  }
  MAINSTAY_CHECK(false);
}

std::string group(const Site& site) {
  std::string text = fmt::format("\n[[group]]\nname = {}\n", quoted(group_name)) + address(site);
  text += fmt::format(
      "\n[[resource]]\nname = \"web\"\ntype = \"script\"\ngroup = {}\nmode = \"resident\"\n"
      "start = {}\nready_port = 80\n",
      quoted(group_name), list(site.web));
  // It is killed more often in a row than a service that is worth keeping would die; so are its
  // nodes.
  text +=
      "\n[[monitor]]\nname = \"webw\"\ntype = \"scriptw\"\nchecks = \"web\"\n"
      "recovery = { restart_max = 99 }\n"
      "\n[return]\nlosses_max = 0\n";
  return text;
}

std::string mirror(const Site& site) {
  if (site.mirror == MirrorUse::none) return "";
  const bool database = site.mirror == MirrorUse::database;
  const MirrorPartitions partitions = mirror_partitions(site);
  return resource("md") +
         fmt::format(
             "data_partition = {}\ncluster_partition = {}\nfile_system = {}\nmount_point = {}\n",
             quoted(partitions.data), quoted(partitions.cluster), quoted(site.file_system),
             quoted(mirror_mount)) +
         fmt::format(
             "\n[[resource]]\nname = {}\ntype = \"script\"\ngroup = {}\nmode = \"resident\"\n"
             "start = [{}]\ndepends_on = [\"md1\"]\nkill_after = \"2s\"\n{}",
             quoted(database ? "database" : "lines"), quoted(group_name), quoted(mirror_user_path),
             database ? "ready_port = 5432\n" : "");
}

std::string monitor(const Site& site) {
  if (!has_nat(site)) return "";
  std::string text = "\n[[monitor]]\nname = \"ipw1\"\ntype = \"ipw\"\n";
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[monitor.node.{}]\naddresses = {}\n", node.name, list({node.nat_address}));
  }
  return text + "[monitor.recovery]\ntarget = \"local\"\n";
}

std::string host_of(const Site& site) {
  switch (site.pattern) {
    case Pattern::vip:
      return std::string(virtual_ip);
    case Pattern::eip:
      return site.public_ip;
    case Pattern::dns:
      return std::string(service_name.substr(0, service_name.size() - 1));
    case Pattern::sip:
      return std::string(secondary_ip);
  }
  MAINSTAY_CHECK(false);
}

}  // namespace

MirrorPartitions mirror_partitions(const Site& site) {
  if (site.mirror_on_volumes) {
    return {.data = std::string(data_volume), .cluster = std::string(cluster_volume)};
  }
  return {.data = fmt::format("{}/data", mirror_folder),
          .cluster = fmt::format("{}/metadata", mirror_folder)};
}

std::string service_url(const Site& site) { return fmt::format("http://{}:80/", host_of(site)); }

std::string cluster_toml(const Site& site) {
  const std::string forced_stop =
      site.forced_stop.empty() ? "" : "\n[arbitration.forced_stop]\n" + site.forced_stop;
  const std::string backend =
      site.backend == "native" ? "" : fmt::format("\n[aws]\nbackend = {}\n", quoted(site.backend));
  return head(site) + backend + arbitration(site) + forced_stop + reachability(site) + group(site) +
         mirror(site) + monitor(site) + site.more;
}

}  // namespace mainstay::bench
