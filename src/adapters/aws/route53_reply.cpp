#include "adapters/aws/route53_reply.h"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>
#include <sstream>

namespace mainstay::aws {
namespace {

Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                               std::string_view action) {
  const auto loaded =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  const std::string wanted = fmt::format("{}Response", action);
  const pugi::xml_node root = document.document_element();
  if (!loaded || root.name() != wanted) {
    return failure(Code::corrupt,
                   fmt::format("Route 53's answer to {} is no {} document ({} bytes). Is something "
                               "else behind the endpoint?",
                               action, wanted, xml.size()));
  }
  return root;
}

// "/hostedzone/Z1" and "/change/C1" are the ids Z1 and C1.
std::string bare_id(std::string_view id) { return std::string(id.substr(id.rfind('/') + 1)); }

std::string plain(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c == '\\' && i + 3 < name.size()) {
      int code = 0;
      const auto end = name.data() + i + 4;
      const auto [stop, error] = std::from_chars(name.data() + i + 1, end, code, 8);
      if (error == std::errc() && stop == end) {
        c = static_cast<char>(code);
        i += 3;
      }
    }
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  if (out.ends_with('.')) out.pop_back();
  return out;
}

Duration seconds_of(std::string_view text) {
  long long count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::chrono::seconds(count);
}

ListedRecord record_from(pugi::xml_node node) {
  ListedRecord record{.name = node.child_value("Name"),
                      .type = node.child_value("Type"),
                      .values = {},
                      .ttl = seconds_of(node.child_value("TTL"))};
  for (const auto item : node.child("ResourceRecords").children("ResourceRecord")) {
    record.values.emplace_back(item.child_value("Value"));
  }
  return record;
}

}  // namespace

std::string_view type_text(RecordType type) { return type == RecordType::a ? "A" : "AAAA"; }

bool same_dns_name(std::string_view a, std::string_view b) { return plain(a) == plain(b); }

std::string change_document(RecordChange change, const AwsRecord& record) {
  pugi::xml_document document;
  auto root = document.append_child("ChangeResourceRecordSetsRequest");
  root.append_attribute("xmlns") = "https://route53.amazonaws.com/doc/2013-04-01/";
  auto one = root.append_child("ChangeBatch").append_child("Changes").append_child("Change");
  const auto put = [](pugi::xml_node parent, const char* name, const std::string& text) {
    parent.append_child(name).text().set(text.c_str());
  };
  put(one, "Action", change == RecordChange::upsert ? "UPSERT" : "DELETE");
  auto set = one.append_child("ResourceRecordSet");
  put(set, "Name", record.name);
  put(set, "Type", std::string(type_text(record.type)));
  put(set, "TTL",
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(record.ttl).count()));
  auto values = set.append_child("ResourceRecords");
  for (const auto& address : record.addresses) {
    put(values.append_child("ResourceRecord"), "Value", address);
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return out.str();
}

Result<AwsHostedZone> parse_hosted_zone(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "GetHostedZone");
  if (!root) return std::unexpected(root.error());
  const auto node = root->child("HostedZone");
  AwsHostedZone zone{
      .id = bare_id(node.child_value("Id")),
      .name = node.child_value("Name"),
      .is_private = std::string_view(node.child("Config").child_value("PrivateZone")) == "true",
      .name_servers = {}};
  for (const auto server : root->child("DelegationSet").child("NameServers").children()) {
    zone.name_servers.emplace_back(server.child_value());
  }
  for (const auto vpc : root->child("VPCs").children("VPC")) {
    zone.vpcs.emplace_back(vpc.child_value("VPCId"));
  }
  if (!zone.id.empty()) return zone;
  return failure(Code::corrupt, "Route 53's answer to GetHostedZone does not name a zone");
}

Result<std::vector<ListedRecord>> parse_records(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "ListResourceRecordSets");
  if (!root) return std::unexpected(root.error());
  std::vector<ListedRecord> records;
  for (const auto node : root->child("ResourceRecordSets").children("ResourceRecordSet")) {
    records.push_back(record_from(node));
  }
  return records;
}

Result<ChangeInfo> parse_change(std::string_view xml, std::string_view action) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, action);
  if (!root) return std::unexpected(root.error());
  const auto info = root->child("ChangeInfo");
  const std::string_view status = info.child_value("Status");
  ChangeInfo change{.id = bare_id(info.child_value("Id")), .in_sync = status == "INSYNC"};
  // Whatever is said that is neither is no word for "done".
  if (!change.id.empty() && (change.in_sync || status == "PENDING")) return change;
  return failure(Code::corrupt,
                 fmt::format("Route 53's answer to {} names no change with a status", action));
}

}  // namespace mainstay::aws
