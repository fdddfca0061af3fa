// A batch of changes as Route 53 reads it, and what it makes of a zone's records. Pure.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "lab/dns_names.h"
#include "lab/sigv4.h"

namespace mainstay::lab {

enum class ChangeAction { create, remove, upsert };

struct RecordChange {
  ChangeAction action = ChangeAction::upsert;
  RecordSet record = {};
};

// The body of ChangeResourceRecordSets.
std::expected<std::vector<RecordChange>, AwsError> parse_change_batch(const std::string& body);

// All of the batch or nothing: the records of the zone after it, or everything that is wrong with
// it.
std::expected<std::vector<RecordSet>, AwsError> apply_changes(
    const std::string& zone, std::vector<RecordSet> records,
    const std::vector<RecordChange>& changes);

}  // namespace mainstay::lab
