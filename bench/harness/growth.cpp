#include "harness/growth.h"

#include <fmt/format.h>

#include "harness/cluster.h"
#include "harness/footprint.h"

namespace mainstay::bench {
namespace {

constexpr Duration form_patience = 60s;
constexpr Duration row_interval = 60s;
// The history in memory and the caches have filled by then.
constexpr int warm_after_part = 6;

struct Counts {
  int failovers = 0;
  int moves = 0;
  int restarts = 0;
};

class Endurance {
 public:
  Endurance(const Lab& lab, const Cluster& cluster, const Programs& programs, const Site& site)
      : lab_(lab),
        cluster_(cluster),
        programs_(programs),
        watched_(site.nodes[0].name),
        struck_(site.nodes[1].name) {}

  Status run(Duration length);

 private:
  Status round();
  Status await_owner(const std::string& node) const;
  // Writes a row; what is held now.
  Result<Footprint> look(std::int64_t begun);

  const Lab& lab_;
  const Cluster& cluster_;
  const Programs& programs_;
  std::string watched_;
  std::string struck_;
  Counts counts_;
};

Status status_of(const Result<std::string>& answer) {
  return answer ? Status{} : std::unexpected(answer.error());
}

Status Endurance::await_owner(const std::string& node) const {
  const auto view = cluster_.wait_until_moved_from(cluster_.other(node), form_patience);
  return view ? Status{} : std::unexpected(view.error());
}

// The watched node gives the group away by order, takes it over from a dead node, restarts its
// program, and sees the other node return.
Status Endurance::round() {
  const auto formed = cluster_.wait_until_formed(form_patience);
  if (!formed) return std::unexpected(formed.error());
  if (formed->owner == watched_) {
    const auto moved =
        cluster_.ask(watched_, {"group", "move", std::string(group_name), struck_}, form_patience);
    if (!moved) return status_of(moved);
    if (auto done = await_owner(struck_); !done) return done;
    ++counts_.moves;
  }
  if (auto done = lab_.fault({"kill", struck_}); !done) return done;
  if (auto done = await_owner(watched_); !done) return done;
  ++counts_.failovers;
  if (auto done = cluster_.kill_program(watched_); !done) return done;
  ++counts_.restarts;
  return lab_.fault({"start", struck_});
}

Result<Footprint> Endurance::look(std::int64_t begun) {
  const auto now = footprint_of(lab_, programs_, watched_);
  if (!now) return now;
  fmt::print("{:>6.1f} {:>10} {:>6} {:>9} {:>10.1f} {:>12} {:>8} {:>6} {:>9.1f}\n",
             static_cast<double>(monotonic_ns() - begun) / 60e9, counts_.failovers, counts_.moves,
             counts_.restarts, static_cast<double>(now->rss_kib) / 1024, now->descriptors,
             now->threads, now->files, static_cast<double>(now->disk_kib) / 1024);
  std::fflush(stdout);
  return now;
}

Status Endurance::run(Duration length) {
  const auto formed = cluster_.wait_until_formed(form_patience);
  if (!formed) return std::unexpected(formed.error());
  fmt::print("{:>6} {:>10} {:>6} {:>9} {:>10} {:>12} {:>8} {:>6} {:>9}\n", "minute", "failovers",
             "moves", "restarts", "RSS, MiB", "descriptors", "threads", "files", "disk, MiB");
  const std::int64_t begun = monotonic_ns();
  auto now = look(begun);
  std::optional<Footprint> warm;
  std::int64_t next_row = begun + row_interval.count();
  while (now && monotonic_ns() < begun + length.count()) {
    if (auto done = round(); !done) return done;
    if (!warm && monotonic_ns() >= begun + length.count() / warm_after_part) {
      const auto held = footprint_of(lab_, programs_, watched_);
      if (!held) return std::unexpected(held.error());
      warm = *held;
    }
    if (monotonic_ns() < next_row) continue;
    next_row += row_interval.count();
    now = look(begun);
  }
  if (now) now = look(begun);
  if (!now) return std::unexpected(now.error());
  const auto sentences = grown(*warm, *now);
  if (sentences.empty()) return {};
  return failure(Code::conflict,
                 fmt::format("the daemon on {} grew.\n{}", watched_, fmt::join(sentences, "\n")));
}

}  // namespace

Status measure_growth(const Programs& programs, const std::string& folder, Duration length) {
  auto lab = Lab::up(programs, folder);
  if (!lab) return std::unexpected(lab.error());
  const auto site = lab->site();
  if (!site) return std::unexpected(site.error());
  const auto cluster = Cluster::start(*lab, programs, *site);
  if (!cluster) return std::unexpected(cluster.error());
  return Endurance(*lab, *cluster, programs, *site).run(length);
}

}  // namespace mainstay::bench
