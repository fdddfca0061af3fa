#include "harness/site.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mainstay::bench {
namespace {

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

// Each node asks the NAT instance of its own zone whether it is cut off itself.
std::string reachability(const Site& site) {
  std::string text = "\n[[arbitration.reachability]]\nname = \"nat\"\nkind = \"ping\"\n";
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[arbitration.reachability.node.{}]\ntargets = {}\n", node.name,
                        list({node.nat_address}));
  }
  return text;
}

std::string group(const Site& site) {
  std::string text = fmt::format(
      "\n[[group]]\nname = {0}\n\n[[resource]]\nname = \"awsvip1\"\ntype = \"awsvip\"\n"
      "group = {0}\nip = {1}\nvpc_id = {2}\n",
      quoted(group_name), quoted(virtual_ip), quoted(site.vpc));
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[resource.node.{}]\neni_id = {}\n", node.name, quoted(node.eni));
  }
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

std::string monitor(const Site& site) {
  std::string text = "\n[[monitor]]\nname = \"ipw1\"\ntype = \"ipw\"\n";
  for (const SiteNode& node : site.nodes) {
    text += fmt::format("[monitor.node.{}]\naddresses = {}\n", node.name, list({node.nat_address}));
  }
  return text + "[monitor.recovery]\ntarget = \"local\"\n";
}

}  // namespace

std::string cluster_toml(const Site& site) {
  const std::string forced_stop =
      site.forced_stop.empty() ? "" : "\n[arbitration.forced_stop]\n" + site.forced_stop;
  return head(site) + arbitration(site) + forced_stop + reachability(site) + group(site) +
         monitor(site);
}

}  // namespace mainstay::bench
