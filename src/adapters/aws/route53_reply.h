// From the XML of Route 53's answers to our words, and the one document that we send.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/aws.h"

namespace mainstay::aws {

std::string_view type_text(RecordType type);
// Case and the trailing dot do not matter; Route 53 writes unusual characters as \ooo.
bool same_dns_name(std::string_view a, std::string_view b);

std::string change_document(RecordChange change, const AwsRecord& record);

struct ListedRecord {
  std::string name;
  std::string type;
  std::vector<std::string> values;  // none for an alias
  Duration ttl{};
};
struct ChangeInfo {
  std::string id;
  bool in_sync = false;
};

// All give corrupt for what is no such answer.
Result<AwsHostedZone> parse_hosted_zone(std::string_view xml);
Result<std::vector<ListedRecord>> parse_records(std::string_view xml);
Result<ChangeInfo> parse_change(std::string_view xml, std::string_view action);

}  // namespace mainstay::aws
