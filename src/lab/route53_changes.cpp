// Reading the XML of a change batch, and carrying it out.
#include "lab/route53_changes.h"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>

namespace mainstay::lab {
namespace {

constexpr std::size_t batch_max = 1'000;
constexpr std::uint32_t ttl_max = 2'147'483'647;

std::unexpected<AwsError> invalid_input(std::string message) {
  return std::unexpected(AwsError{400, "InvalidInput", std::move(message)});
}

std::expected<ChangeAction, AwsError> parse_action(const std::string& text) {
  if (text == "CREATE") return ChangeAction::create;
  if (text == "DELETE") return ChangeAction::remove;
  if (text == "UPSERT") return ChangeAction::upsert;
  return invalid_input(fmt::format(
      "1 validation error detected: Value '{}' at 'changeBatch.changes.1.member.action' failed to "
      "satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]",
      text));
}

std::expected<RecordSet, AwsError> parse_record_set(const pugi::xml_node& node) {
  for (const char* other : {"SetIdentifier", "AliasTarget", "Weight", "Region", "Failover",
                            "GeoLocation", "HealthCheckId", "MultiValueAnswer"}) {
    if (node.child(other))
      return invalid_input(fmt::format("the lab knows simple record sets only, no {}", other));
  }
  RecordSet set{.name = node.child_value("Name"), .type = node.child_value("Type"), .values = {}};
  const auto name = parse_dns_name(set.name);
  if (!name) return invalid_input(fmt::format("Invalid request: {}", name.error().message));
  set.name = *name;
  const std::string_view ttl = node.child_value("TTL");
  const auto [end, problem] = std::from_chars(ttl.begin(), ttl.end(), set.ttl);
  if (problem != std::errc() || end != ttl.end() || set.ttl > ttl_max) {
    return invalid_input(fmt::format(
        "Invalid request: Missing or invalid field 'TTL' in ResourceRecordSet '{}'", set.name));
  }
  for (const auto& value : node.child("ResourceRecords").children("ResourceRecord")) {
    set.values.emplace_back(value.child_value("Value"));
  }
  if (set.values.empty()) {
    return invalid_input(fmt::format(
        "Invalid request: Missing field 'ResourceRecords' in ResourceRecordSet '{}'", set.name));
  }
  return set;
}

std::string named(const RecordSet& set) {
  return fmt::format("resource record set [name='{}', type='{}']", set.name, set.type);
}

class Batch {
 public:
  Batch(const std::string& zone, std::vector<RecordSet> records)
      : zone_(zone), records_(std::move(records)) {}

  void carry_out(const RecordChange& change) {
    if (!check(change.record)) return;
    const auto existing = std::ranges::find_if(records_, [&](const RecordSet& one) {
      return one.name == change.record.name && one.type == change.record.type;
    });
    const bool there = existing != records_.end();
    switch (change.action) {
      case ChangeAction::create:
        if (there) return wrong("Tried to create {} but it already exists", change.record);
        records_.push_back(change.record);
        return;
      case ChangeAction::upsert:
        if (there) {
          *existing = change.record;
        } else {
          records_.push_back(change.record);
        }
        return;
      case ChangeAction::remove:
        if (!there) return wrong("Tried to delete {} but it was not found", change.record);
        if (*existing != change.record) {
          return wrong("Tried to delete {} but the values provided do not match the current values",
                       change.record);
        }
        records_.erase(existing);
    }
  }

  std::expected<std::vector<RecordSet>, AwsError> result() {
    if (problems_.empty()) return std::move(records_);
    return std::unexpected(
        AwsError{400, "InvalidChangeBatch", fmt::format("[{}]", fmt::join(problems_, ", "))});
  }

 private:
  void wrong(fmt::format_string<std::string> text, const RecordSet& set) {
    problems_.push_back(fmt::format(text, named(set)));
  }

  bool check(const RecordSet& set) {
    const std::size_t before = problems_.size();
    if (!name_in_zone(set.name, zone_)) {
      problems_.push_back(
          fmt::format("RRSet with DNS name {} is not permitted in zone {}", set.name, zone_));
    }
    for (const std::string& value : set.values) {
      const auto good = check_record_value(set.type, value);
      if (good) continue;
      problems_.push_back(fmt::format(
          "Invalid Resource Record: FATAL problem: {} encountered with '{}'",
          set.type == "A" ? "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
                          : good.error().message,
          value));
    }
    const auto clashes = [&](const RecordSet& one) {
      return one.name == set.name && one.type != set.type &&
             (one.type == "CNAME" || set.type == "CNAME");
    };
    if (std::ranges::any_of(records_, clashes)) {
      problems_.push_back(fmt::format(
          "RRSet of type {} with DNS name {} is not permitted because a conflicting RRSet exists "
          "with the same DNS name in zone {}",
          set.type, set.name, zone_));
    }
    return problems_.size() == before;
  }

  const std::string& zone_;
  std::vector<RecordSet> records_;
  std::vector<std::string> problems_;
};

}  // namespace

std::expected<std::vector<RecordChange>, AwsError> parse_change_batch(const std::string& body) {
  pugi::xml_document document;
  const auto root = document.load_string(body.c_str())
                        ? document.child("ChangeResourceRecordSetsRequest")
                        : pugi::xml_node();
  if (!root) {
    return std::unexpected(AwsError{400, "MalformedInput",
                                    "Unexpected document; expected an element named "
                                    "ChangeResourceRecordSetsRequest"});
  }
  std::vector<RecordChange> changes;
  for (const auto& node : root.child("ChangeBatch").child("Changes").children("Change")) {
    const auto action = parse_action(node.child_value("Action"));
    if (!action) return std::unexpected(action.error());
    auto record = parse_record_set(node.child("ResourceRecordSet"));
    if (!record) return std::unexpected(record.error());
    changes.push_back({*action, std::move(*record)});
  }
  if (changes.empty() || changes.size() > batch_max) {
    return invalid_input(fmt::format("a change batch has 1 to {} changes", batch_max));
  }
  return changes;
}

std::expected<std::vector<RecordSet>, AwsError> apply_changes(
    const std::string& zone, std::vector<RecordSet> records,
    const std::vector<RecordChange>& changes) {
  Batch batch(zone, std::move(records));
  for (const RecordChange& change : changes) batch.carry_out(change);
  return batch.result();
}

}  // namespace mainstay::lab
