#include "base/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace mainstay {
namespace {

// At most three digits after the point, none that say nothing.
std::string trimmed(double value) {
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string to_text(Duration duration) {
  if (duration < Duration::zero()) return "-" + to_text(-duration);
  const auto seconds = std::chrono::duration<double>(duration).count();
  if (duration < 1ms) return fmt::format("{} µs", duration / 1us);
  if (duration < 1s) return trimmed(seconds * 1000) + " ms";
  if (duration < 2min) return trimmed(seconds) + " s";
  if (duration < 2h) return trimmed(seconds / 60) + " min";
  return trimmed(seconds / 3600) + " h";
}

std::string to_text(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     (time - whole).count());
}

}  // namespace mainstay
