// `mainstay discover`, `check` and `doctor` on real instances: what is proposed is accepted and
// healthy, and each thing that a failover would miss is found, by its name, with what mends it.
#include "e2e/fixture.h"

#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr std::string_view file = "/etc/mainstay/proposed.toml";

struct Clinic {
  explicit Clinic(Pattern the_pattern, const std::vector<ExtraInstance>& extra = {})
      : pattern(the_pattern),
        programs(must(find_programs())),
        folder(must(RunFolder::make("doctor"))),
        lab(must(Lab::up(programs, folder.path(), {.pattern = pattern, .instances = extra}))),
        site(must(lab.site(pattern))) {
    site.web = {"/etc/mainstay/web"};
  }

  std::string shell(const std::string& instance, const std::string& words) const {
    return must(lab.exec(instance, {"/bin/sh", "-c", words}, 60s));
  }
  std::string mainstay(const std::string& words) const {
    return fmt::format("{} {}", programs.command, words);
  }
  void configure(const std::string& text) const {
    for (const SiteNode& node : site.nodes) REQUIRE(lab.write(node.name, file, text));
  }
  // The findings that are not good, one a line.
  std::string findings(const std::string& node, const std::string& options = "") const {
    const auto report = json::parse(
        shell(node, mainstay(fmt::format("doctor --json --timeout 8 {} {} 2>/dev/null; true",
                                         options, file))),
        nullptr, false);
    REQUIRE(report.is_object());
    std::string all;
    for (const json& one : report.at("findings")) {
      if (one.at("grade") == "good") continue;
      all += fmt::format("{} {}: {} | {}\n", one.at("grade").get<std::string>(),
                         one.at("check").get<std::string>(), one.at("fact").get<std::string>(),
                         one.at("remedy").get<std::string>());
    }
    return all;
  }

  Pattern pattern;
  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string instance_id(const Clinic& clinic, const std::string& name) {
  const auto status = json::parse(must(output_of(clinic.lab.command({"status", "--json"}))));
  return status.at("instances").at(name).at("id");
}

std::string table_id(const Clinic& clinic, const std::string& name) {
  const auto status = json::parse(must(output_of(clinic.lab.command({"status", "--json"}))));
  return status.at("route_tables").at(name).at("id");
}

// One thing is amiss, is found so, and all is well again afterwards.
struct Trouble {
  std::string spoil;  // "fault ..." or words for a shell of server2
  std::string finding;
  std::string remedy;
  std::string mend;  // "fault ...", words for a shell, or "--fix"
  std::string then = {};
};

void arrange(const Clinic& clinic, const std::string& words) {
  if (words.empty()) return;
  if (!words.starts_with("fault ")) {
    clinic.shell("server2", words);
    return;
  }
  std::istringstream in(words.substr(6));
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  const auto done = clinic.lab.fault(list);
  REQUIRE_MESSAGE(done, words, ": ", done.error().message);
}

void finds(const Clinic& clinic, const Trouble& trouble) {
  CAPTURE(trouble.spoil);
  arrange(clinic, trouble.spoil);
  const std::string found = clinic.findings("server1");
  CHECK_MESSAGE(has(found, trouble.finding), found);
  CHECK_MESSAGE(has(found, trouble.remedy), found);
  if (trouble.mend == "--fix") {
    CHECK(clinic.findings("server1", "--fix") == "");
  } else {
    arrange(clinic, trouble.mend);
    arrange(clinic, trouble.then);
  }
  CHECK(clinic.findings("server1") == "");
}

}  // namespace

TEST_CASE("what discover proposes is accepted by check, and the doctor finds nothing amiss") {
  const Clinic clinic(Pattern::vip);
  const std::string proposed = clinic.shell(
      "server1",
      clinic.mainstay(fmt::format("discover {} {} --name found", instance_id(clinic, "server1"),
                                  instance_id(clinic, "server2"))));
  CHECK(has(proposed, "ip = \"10.1.0.20\""));
  CHECK(has(proposed, clinic.site.nodes[0].eni));
  CHECK(has(proposed, clinic.site.nodes[1].eni));
  clinic.configure(proposed);
  CHECK(has(clinic.shell("server1", clinic.mainstay(fmt::format("check {}", file))), "presumed"));
  for (const char* node : {"server1", "server2"}) CHECK(clinic.findings(node) == "");
}

TEST_CASE("Figure 4-1: whatever a failover would miss is found, and what is safe is mended") {
  const Clinic clinic(Pattern::vip);
  clinic.configure(cluster_toml(clinic.site));
  REQUIRE(clinic.findings("server1") == "");
  const std::string eni = clinic.site.nodes[0].eni;
  const std::string table = table_id(clinic, "Private-B");
  finds(clinic, {"aws ec2 modify-network-interface-attribute --source-dest-check "
                 "--network-interface-id " +
                     eni,
                 "error source-dest-check: Source/Dest. Check of " + eni + " is enabled",
                 "--no-source-dest-check", "--fix"});
  finds(clinic,
        {"aws ec2 delete-route --destination-cidr-block 10.1.0.20/32 --route-table-id " + table,
         "error vip-route: awsvip1: route table " + table,
         "aws ec2 create-route --route-table-id " + table, "--fix"});
  finds(clinic, {"fault deny ha-node ec2:ReplaceRoute",
                 "error permission: ec2:ReplaceRoute is not permitted",
                 "Remove the statement that denies it", "fault permit ha-node all"});
  finds(clinic,
        {"fault policy ha-node "
         R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*",)"
         R"("Resource":"*"}})",
         "error permission: ec2:ReplaceRoute is not permitted",
         R"(Add to the policy of the role: {"Effect": "Allow", "Action": "ec2:ReplaceRoute")",
         "fault policy ha-node all"});
  finds(clinic, {"fault freeze nat1", "error endpoint: ", "NAT", "fault thaw nat1"});
  finds(clinic, {"fault imds outage server1", "error identity: ", "", "fault imds heal server1"});
  finds(clinic, {"fault api clock-skew 5min", "error clock: ", "", "fault api clear"});
}

TEST_CASE("Figure 4-1: ids that do not belong together are found before they are used") {
  const Clinic clinic(Pattern::vip);
  const auto with = [&](const std::function<void(Site&)>& change) {
    Site site = clinic.site;
    change(site);
    clinic.configure(cluster_toml(site));
    return clinic.findings("server1");
  };
  const std::string other = clinic.site.nodes[1].eni;
  const std::string swapped = with([&](Site& site) { site.nodes[0].eni = other; });
  CHECK_MESSAGE(has(swapped, "error interface: awsvip1: " + other + " is no interface of this"),
                swapped);
  const std::string foreign = with([](Site& site) { site.vpc = "vpc-0fedcba9876543210"; });
  CHECK_MESSAGE(has(foreign, "not in vpc-0fedcba9876543210"), foreign);
  const std::string named = with([](Site& site) { site.address_lines = "interface = \"ens5\"\n"; });
  CHECK_MESSAGE(has(named, "names the interface ens5"), named);
  const std::string elsewhere = with([](Site& site) { site.nodes[0].address = "10.0.110.99"; });
  CHECK_MESSAGE(has(elsewhere, "error path-address: "), elsewhere);
}

TEST_CASE("Figure 5-1: an Elastic IP that a stranger has, or nobody knows, is found") {
  const Clinic clinic(Pattern::eip);
  clinic.configure(cluster_toml(clinic.site));
  REQUIRE(clinic.findings("server1") == "");
  finds(clinic, {"fault deny ha-node ec2:AssociateAddress",
                 "error permission: ec2:AssociateAddress is not permitted", "statement",
                 "fault permit ha-node all"});
  Site site = clinic.site;
  site.allocation_id = "eipalloc-0fedcba9876543210";
  clinic.configure(cluster_toml(site));
  CHECK(has(clinic.findings("server1"), "error elastic-ip: awseip1: eipalloc-0fedcba9876543210"));
}

TEST_CASE("Figure 6-1: a name that nobody will find is found") {
  const Clinic clinic(Pattern::dns);
  REQUIRE(clinic.lab.fault({"route53", "delay", "0s"}));
  clinic.configure(cluster_toml(clinic.site));
  REQUIRE(clinic.findings("server1") == "");
  const auto change = [&](const std::string& action, const std::string& address) {
    return fmt::format(
        "aws route53 change-resource-record-sets --hosted-zone-id {} --change-batch "
        R"('{{"Changes":[{{"Action":"{}","ResourceRecordSet":{{"Name":"{}","Type":"A","TTL":5,)"
        R"("ResourceRecords":[{{"Value":"{}"}}]}}}}]}}')",
        clinic.site.hosted_zone_id, action, service_name, address);
  };
  const std::string own = clinic.site.nodes[0].address;
  finds(clinic, {change("UPSERT", "10.0.77.77"),
                 "warning record-set: awsdns1: service.cluster.internal. is 10.0.77.77",
                 "another cluster", change("UPSERT", own), "fault dns forget"});
  const std::string hosts = "service.cluster.internal >> /etc/hosts";
  clinic.shell("server1", fmt::format("cp /etc/hosts /root/; echo 10.0.9.9 {}", hosts));
  const std::string misled = clinic.findings("server1");
  CHECK_MESSAGE(has(misled, "gives 10.0.9.9, and Route 53 has " + own), misled);
  clinic.shell("server1", "cat /root/hosts > /etc/hosts");
  clinic.shell("server1",
               "cp /etc/resolv.conf /root/; echo nameserver 203.0.113.53 > /etc/resolv.conf");
  const std::string lost = clinic.findings("server1");
  CHECK_MESSAGE(has(lost, "error name-resolution: "), lost);
  CHECK_MESSAGE(has(lost, "the VPC's own resolver"), lost);
  clinic.shell("server1", "cat /root/resolv.conf > /etc/resolv.conf");
  finds(clinic, {"fault deny ha-node route53:ChangeResourceRecordSets",
                 "error permission: route53:ChangeResourceRecordSets is not permitted", "statement",
                 "fault permit ha-node all"});
  Site site = clinic.site;
  site.hosted_zone_id = "Z0123456789ABCDEFGHIJ";
  clinic.configure(cluster_toml(site));
  CHECK(has(clinic.findings("server1"), "No hosted zone found with ID: Z0123456789ABCDEFGHIJ"));
}

TEST_CASE("Figure 6-1: a public zone that its registrar sends nobody to is found") {
  const Clinic clinic(Pattern::dns);
  const auto status = json::parse(must(output_of(clinic.lab.command({"status", "--json"}))));
  std::string text = cluster_toml(clinic.site);
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from)) {
      text.replace(at, from.size(), to);
    }
  };
  replace(clinic.site.hosted_zone_id,
          status.at("hosted_zones").at("cluster.example. public").at("id").get<std::string>());
  replace("service.cluster.internal.", "service.cluster.example.");
  clinic.configure(text);
  REQUIRE(clinic.findings("server1") == "");
  arrange(clinic, "fault delegation cluster.example ns1.registrar.example");
  arrange(clinic, "fault dns forget");
  const std::string found = clinic.findings("server1");
  CHECK_MESSAGE(has(found,
                    "error name-resolution: awsdns1: the registrar's NS records of cluster.example "
                    "name ns1.registrar.example, not the name servers of hosted zone Z"),
                found);
  CHECK_MESSAGE(has(found, "Set the NS records of cluster.example at its registrar to ns-"), found);
  arrange(clinic, "fault delegation cluster.example");
  arrange(clinic, "fault dns forget");
  CHECK(clinic.findings("server1") == "");
}

TEST_CASE("a secondary address out of the nodes' subnet is found") {
  const Clinic clinic(Pattern::sip, {{neighbour, "Subnet-2A", "10.0.110.11", "ha-node"}});
  std::string text = cluster_toml(clinic.site);
  clinic.configure(text);
  REQUIRE(clinic.findings("server1") == "");
  text.replace(text.find(secondary_ip), secondary_ip.size(), "10.0.120.50");
  clinic.configure(text);
  const std::string found = clinic.findings("server1");
  CHECK_MESSAGE(has(found, "error secondary-ip: awssip1: 10.0.120.50 does not lie in"), found);
}

}  // namespace mainstay::bench
