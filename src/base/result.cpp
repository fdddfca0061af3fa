#include "base/result.h"

namespace mainstay {

std::string_view to_text(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::not_found:
      return "not found";
    case Code::conflict:
      return "conflict";
    case Code::denied:
      return "denied";
    case Code::throttled:
      return "throttled";
    case Code::timed_out:
      return "timed out";
    case Code::outcome_unknown:
      return "outcome unknown";
    case Code::unavailable:
      return "unavailable";
    case Code::corrupt:
      return "corrupt";
    case Code::cancelled:
      return "cancelled";
  }
  return "?";
}

}  // namespace mainstay
