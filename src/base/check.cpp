#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace mainstay {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "mainstay: %s:%d: what must hold does not: %s\n", file, line, condition);
  std::abort();
}

}  // namespace mainstay
