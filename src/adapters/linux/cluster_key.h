// The cluster's key: the one secret every node holds, and where it is read from.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace mainstay::adapters {

inline constexpr std::size_t cluster_key_size = 32;

struct ClusterKey {
  std::array<std::uint8_t, cluster_key_size> bytes{};
  friend bool operator==(const ClusterKey&, const ClusterKey&) = default;
};

// A new key as the text of a key file: one line of base64.
std::string generate_key();

// Takes base64 or hexadecimal, blanks around it ignored.
Result<ClusterKey> parse_key(std::string_view text);

// Reads a key file. denied: others than its owner may read it, or we may not.
Result<ClusterKey> load_key(const std::filesystem::path& file);

}  // namespace mainstay::adapters
