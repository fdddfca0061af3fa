// What the operating system calls this host: a node's name unless it is told another.
#pragma once

#include <string>

namespace mainstay::apps {

// "" if the operating system does not say.
std::string host_name();

}  // namespace mainstay::apps
