#include "harness/footprint.h"

#include <sstream>

#include <fmt/format.h>

namespace mainstay::bench {
namespace {

// The daemon is the first process of its program: those it starts come after it, and look like it
// until they become another program.
constexpr const char* script = R"sh(
pid=$(for p in /proc/[0-9]*; do
        [ "$(readlink "$p/exe")" = "$1" ] && echo "${p#/proc/}"
      done 2>/dev/null | sort -n | head -n 1)
[ -n "$pid" ] || { echo "no process runs $1" >&2; exit 1; }
rss=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
set -- /var/lib/mainstay /var/log/mainstay
echo "$pid" "$rss" "$(ls "/proc/$pid/fd" | wc -l)" "$(ls "/proc/$pid/task" | wc -l)" \
  "$(find "$@" -type f | wc -l)" "$(du -skc "$@" | tail -n 1 | cut -f 1)"
)sh";

}  // namespace

Result<Footprint> parse_footprint(std::string_view text) {
  std::istringstream words{std::string(text)};
  Footprint result;
  words >> result.pid >> result.rss_kib >> result.descriptors >> result.threads >> result.files >>
      result.disk_kib;
  if (words) return result;
  return failure(Code::corrupt, fmt::format("what a daemon holds is six numbers, not: {}", text));
}

Result<Footprint> footprint_of(const Lab& lab, const Programs& programs, const std::string& node) {
  const auto text = lab.exec(node, {"/bin/sh", "-c", script, "sh", programs.daemon});
  if (!text) return std::unexpected(text.error());
  return parse_footprint(*text);
}

std::vector<std::string> grown(const Footprint& warm, const Footprint& now,
                               const GrowthLimits& limits) {
  if (warm.pid != now.pid) {
    return {fmt::format("the daemon was process {} and is process {} now: it has been started anew",
                        warm.pid, now.pid)};
  }
  struct Row {
    std::string_view what;
    std::int64_t Footprint::*value;
    std::int64_t limit;
  };
  const std::array rows = {
      Row{"KiB of memory", &Footprint::rss_kib, limits.rss_kib},
      Row{"open descriptors", &Footprint::descriptors, limits.descriptors},
      Row{"threads", &Footprint::threads, limits.threads},
      Row{"files on disk", &Footprint::files, limits.files},
      Row{"KiB on disk", &Footprint::disk_kib, limits.disk_kib},
  };
  std::vector<std::string> sentences;
  for (const Row& row : rows) {
    if (now.*row.value - warm.*row.value <= row.limit) continue;
    sentences.push_back(fmt::format("{}: {} when warm, {} now; {} more are allowed", row.what,
                                    warm.*row.value, now.*row.value, row.limit));
  }
  return sentences;
}

}  // namespace mainstay::bench
