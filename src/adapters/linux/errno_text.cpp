// The kernel's error numbers as our errors.
#include "adapters/linux/errno_text.h"

#include <cerrno>
#include <system_error>

namespace mainstay::adapters {

std::string errno_text(int number) { return std::generic_category().message(number); }

Code errno_code(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::denied;
    case EEXIST:
    case EADDRINUSE:
    case ECONNREFUSED:
      return Code::conflict;
    case EINVAL:
    case ENOEXEC:
    case E2BIG:
    case ENAMETOOLONG:
      return Code::invalid;
    case ETIMEDOUT:
      return Code::timed_out;
    default:
      return Code::unavailable;
  }
}

std::unexpected<Error> errno_failure(int number, std::string_view what) {
  return failure(errno_code(number), fmt::format("{}: {}", what, errno_text(number)));
}

}  // namespace mainstay::adapters
