// "Normal return values": exit codes and ranges of them, as scripts and custom monitors take them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mainstay {

inline constexpr std::string_view exit_codes_remedy =
    "Write numbers from 0 to 255 or ranges of them: [\"0\", \"2-10\"].";

// "0", "2-10"; nothing if it is neither.
std::optional<std::pair<int, int>> exit_code_range(std::string_view text);
bool is_normal(const std::vector<std::string>& normal_values, int exit_code);

}  // namespace mainstay
