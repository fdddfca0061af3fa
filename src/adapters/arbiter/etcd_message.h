// What is said to etcd's JSON gateway and what it answers: bodies only, no way there.
//
// A record is two keys: its value, and beside it a number drawn anew for each write. That number is
// the record's version, and the only thing a write is conditional on once the record exists: unlike
// etcd's revisions it cannot come again, not even in a store that was lost and built anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ports/arbiter.h"
#include "ports/arbiter_store.h"

namespace mainstay::etcd {

inline constexpr std::string_view version_suffix = "#version";

// Where a cluster's records lie: "/mainstay/shop/".
std::string folder_of(std::string_view prefix, std::string_view cluster);

struct Keys {
  std::string value;
  std::string version;
};
Keys keys_of(const std::string& folder, const std::string& record);

struct Write {
  RecordVersion expected = 0;
  RecordVersion version = 0;  // never 0
  ByteView value;
};

std::string read_body(const Keys& keys);
// If the record's version is not the expected one, the answer says which it is.
std::string swap_body(const Keys& keys, const Write& write);
std::string list_body(const std::string& folder);
std::string authenticate_body(const std::string& user, const std::string& password);

inline constexpr std::size_t records_max = 120;  // of one cluster

// Every answer says which store it is from, and how many changes that store has seen.
struct Origin {
  std::string store;
  std::int64_t revision = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};
struct ReadAnswer {
  Origin origin;
  ArbiterRecord record;
};
struct SwapAnswer {
  Origin origin;
  bool written = false;
  RecordVersion present = 0;  // where nothing was written
};
struct ListAnswer {
  Origin origin;
  std::vector<ArbiterEntry> records;
};

// corrupt: it is no such answer, or a record lacks one of its keys.
Result<ReadAnswer> read_answer(const std::string& body, const Keys& keys);
Result<SwapAnswer> swap_answer(const std::string& body, const Keys& keys);
Result<ListAnswer> list_answer(const std::string& body, const std::string& folder);
Result<std::string> token_of(const std::string& body);

}  // namespace mainstay::etcd
