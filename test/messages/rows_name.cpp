// What can be wrong with a name, its record set and its resolution.
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

constexpr std::string_view name =
    "zone_id = \"{zone}\"\nrecord_name = \"web.cluster.internal.\"\nttl = \"0s\"\n"
    "[resource.node.server1]\nip = \"{ip1}\"\n[resource.node.server2]\nip = \"{ip2}\"\n";
constexpr std::string_view public_name =
    "zone_id = \"{public_zone}\"\nrecord_name = \"web.cluster.example.\"\nttl = \"0s\"\n"
    "[resource.node.server1]\nip = \"{ip1}\"\n[resource.node.server2]\nip = \"{ip2}\"\n";
constexpr std::string_view failed = "AWS CLI command failed.";

constexpr std::string_view keep_resolver =
    "server1: cp /etc/resolv.conf /root/resolv.conf; cp /etc/hosts /root/hosts";
constexpr std::string_view put_resolver_back =
    "server1: cat /root/resolv.conf > /etc/resolv.conf; cat /root/hosts > /etc/hosts";

std::vector<Row> of_the_resource() {
  return {
      {.story = "no IAM role is set to the instance",
       .type = "awsdns",
       .params = name,
       .spoil = {"fault role server1 none"},
       .number = 5,
       .sentence = failed,
       .names = {"the instance has no IAM role"},
       .mend = {"fault role server1 ha-node"}},
      {.story = "the access key is not correct",
       .type = "awsdns",
       .params = name,
       .number = 5,
       .sentence = failed,
       .names = {"The security token included in the request is invalid"},
       .before = {"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wrong"}},
      {.story = "the role lacks a permission",
       .type = "awsdns",
       .params = name,
       .spoil = {"fault deny ha-node route53:ChangeResourceRecordSets"},
       .number = 5,
       .sentence = failed,
       .names = {"is not permitted to do route53:ChangeResourceRecordSets"},
       .mend = {"fault permit ha-node route53:ChangeResourceRecordSets"}},
      {.story = "the resource record set is invalid: its name does not lie in the zone",
       .type = "awsdns",
       .params = "zone_id = \"{zone}\"\nrecord_name = \"web.elsewhere.internal.\"\n"
                 "[resource.node.server1]\nip = \"{ip1}\"\n[resource.node.server2]\nip = "
                 "\"{ip2}\"\n",
       .number = 5,
       .sentence = failed,
       .names = {"web.elsewhere.internal", "is not permitted in zone cluster.internal"}},
      {.story = "the hosted zone ID is of no zone",
       .type = "awsdns",
       .params = "zone_id = \"Z0123456789ABCDEFGHIJ\"\nrecord_name = \"web.cluster.internal.\"\n"
                 "[resource.node.server1]\nip = \"{ip1}\"\n[resource.node.server2]\nip = "
                 "\"{ip2}\"\n",
       .number = 5,
       .sentence = "No hosted zone found with ID: Z0123456789ABCDEFGHIJ",
       .names = {"Z0123456789ABCDEFGHIJ"}},
      {.story = "the instance for NAT does not run",
       .type = "awsdns",
       .params = name,
       .spoil = {"fault freeze nat1"},
       .number = 6,
       .sentence = "Timeout occurred.",
       .names = {"route53.amazonaws.com: no connection within"}},
  };
}

// Somebody's hand in Route 53, and the monitor afterwards.
std::vector<Row> of_the_record() {
  return {
      {.story = "somebody deletes the record set",
       .type = "awsdnsw",
       .params = name,
       .spoil = {"server2: {change} '{\"Changes\":[{\"Action\":\"DELETE\",{record}\"{ip1}\"}]}}]}'",
                 "fault dns forget"},
       .number = 7,
       .sentence = "The resource record set does not exist in Amazon Route 53.",
       .names = {"Hosted zone {zone} has no web.cluster.internal."}},
      {.story = "somebody changes the record set",
       .type = "awsdnsw",
       .params = name,
       .spoil = {"server2: {change} '{\"Changes\":[{\"Action\":\"UPSERT\",{record}\"{ip2}\"}]}}]}'",
                 "fault dns forget"},
       .number = 8,
       .sentence = "The different IP address from the setting value is registered in the resource "
                   "record set.",
       .names = {"has {ip2}, not {ip1}"}},
  };
}

std::vector<Row> of_the_resolution() {
  return {
      {.story = "the resolver's settings name one that knows nothing of the zone",
       .type = "awsdnsw",
       .params = name,
       .spoil = {keep_resolver, "server1: echo nameserver 203.0.113.53 > /etc/resolv.conf"},
       .number = 9,
       .sentence = "Failed to check name resolution.",
       .names = {"this node's resolver: "},
       .mend = {put_resolver_back}},
      {.story = "a name server that is configured knows nothing of the zone",
       .type = "awsdnsw",
       .params = "name_servers = [\"203.0.113.53\"]\nzone_id = \"{zone}\"\n"
                 "record_name = \"web.cluster.internal.\"\nttl = \"0s\"\n"
                 "[resource.node.server1]\nip = \"{ip1}\"\n[resource.node.server2]\nip = "
                 "\"{ip2}\"\n",
       .number = 9,
       .sentence = "Failed to check name resolution.",
       .names = {"name server 203.0.113.53: "}},
      {.story = "the registrar's NS records do not name the zone's name servers",
       .type = "awsdnsw",
       .params = public_name,
       .spoil = {"fault delegation cluster.example ns1.registrar.example ns2.registrar.example",
                 "fault dns forget"},
       .number = 9,
       .sentence = "Failed to check name resolution.",
       .names = {"this node's resolver: ",
                 "the registrar's NS records of cluster.example name ns1.registrar.example, "
                 "ns2.registrar.example, not the name servers of hosted zone {public_zone}",
                 "Set the NS records of cluster.example at its registrar to ns-"}},
      {.story = "nobody answers the resolver's questions",
       .type = "awsdnsw",
       .params = name,
       .spoil = {"fault dns outage server1"},
       .number = 109,
       .sentence = "Failed to check name resolution.",
       .names = {"this node's resolver: "}},
      {.story = "the hosts file has an entry of the name",
       .type = "awsdnsw",
       .params = name,
       .spoil = {keep_resolver, "server1: echo {ip2} web.cluster.internal >> /etc/hosts"},
       .number = 10,
       .sentence = "The IP address obtained by the DNS name resolution is different from the "
                   "setting value.",
       .names = {"this node's resolver says", "has the address {ip2}, not {ip1}"},
       .mend = {put_resolver_back}},
  };
}

}  // namespace

std::vector<Row> rows_of_name() {
  std::vector<Row> rows = of_the_resource();
  for (const auto& more : {of_the_record(), of_the_resolution()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace mainstay::bench
