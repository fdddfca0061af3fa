// DynamoDB's JSON protocol, as far as an arbiter needs it: questions, answers, faults. Pure.
//
// Several clusters share one table. Its partition key is `cluster`, its sort key `record`; `value`
// holds the bytes, `version` a number that the writer drew for this one write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/client.h"
#include "base/bytes.h"
#include "base/result.h"
#include "ports/arbiter.h"
#include "ports/arbiter_store.h"

namespace mainstay::dynamodb {

struct Records {  // of one cluster
  std::string table;
  std::string cluster;
};

struct Write {
  std::string key;
  RecordVersion expected = 0;  // 0: there must be no record
  RecordVersion version = 0;
  Bytes value;
};

aws::Question get_item(const Records& records, const std::string& key);
aws::Question put_item(const Records& records, const Write& write);
// `after`: where the page before ended; "" is the first.
aws::Question query(const Records& records, const std::string& after);
aws::Question create_table(const std::string& table);
aws::Question describe_table(const std::string& table);

// corrupt: it is no answer of DynamoDB's, or no record of ours.
Result<ArbiterRecord> parse_get_item(std::string_view body);
Status parse_put_item(std::string_view body);

struct Page {
  std::vector<ArbiterEntry> entries;
  std::string after;  // "": it was the last
};
Result<Page> parse_query(std::string_view body);

struct Table {
  std::string arn;
  std::string status;   // "ACTIVE"
  std::string billing;  // "PAY_PER_REQUEST"
  bool protected_from_deletion = false;
  std::vector<std::string> keys;  // "cluster S HASH"
  friend bool operator==(const Table&, const Table&) = default;
};
Result<Table> parse_table(std::string_view body);
// Of a table that this arbiter can use.
const std::vector<std::string>& expected_keys();

aws::Fault parse_fault(int status, std::string_view body);

}  // namespace mainstay::dynamodb
