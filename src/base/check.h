// CHECK states what must hold. It stays on in production: a crash is a legal event in a cluster, a
// lie is not.
#pragma once

namespace mainstay {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace mainstay

#define MAINSTAY_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::mainstay::check_failed(#condition, __FILE__, __LINE__))
