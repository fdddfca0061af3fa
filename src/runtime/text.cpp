// The words of a status.
#include "runtime/status.h"

namespace mainstay {

std::string_view to_text(Trust trust) {
  switch (trust) {
    case Trust::unheard:
      return "unheard";
    case Trust::alive:
      return "alive";
    case Trust::suspect:
      return "suspect";
    case Trust::dead:
      return "dead";
    case Trust::resigned:
      return "resigned";
  }
  return "?";
}

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::healthy:
      return "healthy";
    case Verdict::unhealthy:
      return "unhealthy";
    case Verdict::unknown:
      return "unknown";
  }
  return "?";
}

std::string_view to_text(Reachability reachability) {
  switch (reachability) {
    case Reachability::reachable:
      return "reachable";
    case Reachability::unreachable:
      return "unreachable";
    case Reachability::unknown:
      return "unknown";
  }
  return "?";
}

std::string_view forced_stop_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::healthy:
      return "normal";
    case Verdict::unhealthy:
      return "error";
    case Verdict::unknown:
      return "unknown";
  }
  return "?";
}

}  // namespace mainstay
