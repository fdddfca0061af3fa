// What `mainstay arbiter` is told of the store behind the arbiter, and how it shows it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "cli/table.h"

namespace mainstay::cli {

struct ArbiterSession {
  std::string node;
  std::string standing;  // "active", "closed", "revoked"
  std::uint64_t incarnation = 0;
  Duration lease{};
  std::string revoked_by;  // "" = nobody
};
struct ArbiterOwner {
  std::string group;
  std::string owner;
  std::uint64_t term = 0;
};
// Which copies of a mirror disk are up to date: the first is on the node that the document names
// first.
struct ArbiterMirror {
  std::string mirror;
  bool first = false;
  bool second = false;
  std::uint64_t term = 0;
};
// A record of this cluster that this release cannot read.
struct ArbiterOddity {
  std::string key;
  std::string trouble;
};

using Facts = std::vector<std::pair<std::string, std::string>>;

struct ArbiterReport {
  std::string name;  // "DynamoDB table mainstay"
  std::string state;
  bool ready = false;
  Facts facts;
  std::vector<ArbiterSession> sessions;
  std::vector<ArbiterOwner> groups;
  std::vector<ArbiterMirror> mirrors;
  std::vector<ArbiterOddity> oddities;
};

// A store that is ready, and what the nodes' role and an administrator must be allowed, as JSON.
struct ArbiterCreation {
  std::string name;
  Facts facts;
  std::string node_policy;
  std::string administrator_policy;
};

std::string render_arbiter(const ArbiterReport& report, const Style& style);
std::string to_json(const ArbiterReport& report);
std::string render_creation(const ArbiterCreation& creation);
std::string to_json(const ArbiterCreation& creation);

}  // namespace mainstay::cli
