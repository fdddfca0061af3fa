// The engine's configuration: one mirror, as this node sees it. docs/mirror.md shows one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "mirror/record.h"
#include "mirror/superblock.h"

namespace mainstay::mirrord {

struct Address {
  std::string host;  // an IP address
  std::uint16_t port = 0;
  friend bool operator==(const Address&, const Address&) = default;
};

struct EngineConfig {
  std::string name;
  mirror::Copy copy = 0;
  std::string data;
  std::string metadata;
  std::string key;              // a file
  std::vector<Address> listen;  // of the second copy
  std::vector<Address> peers;   // of the first copy, by priority
  std::string device;           // the path to provide
  std::string control;
  bool record = true;
  bool encrypt = true;
  std::uint64_t resync_limit = 0;  // MiB a second; 0: none
  bool resync_by_checksum = false;
  friend bool operator==(const EngineConfig&, const EngineConfig&) = default;
};

// invalid: every problem on a line of its own, with its place.
Result<EngineConfig> parse_config(std::string_view text, const std::string& file);
Result<EngineConfig> load_config(const std::string& file);

// The same on both nodes.
mirror::MirrorId mirror_id(std::string_view name);

std::string to_text(const Address& address);

}  // namespace mainstay::mirrord
