// The version of this build, from the one place that states it: the project() line of CMake.
#pragma once

namespace mainstay::apps {

inline constexpr const char* version = MAINSTAY_VERSION;

}  // namespace mainstay::apps
