#include "adapters/linux/secrecy.h"

#include <sys/prctl.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"

namespace mainstay::adapters {

Status keep_secrets() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) {
    return failure(Code::denied, "core dumps cannot be turned off: " + errno_text(errno));
  }
  return {};
}

}  // namespace mainstay::adapters
