// How a mirror stands, for people and for the daemon.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>

#include "mirror/volume.h"
#include "mirrord/config.h"
#include "mirrord/histogram.h"

namespace mainstay::mirrord {

// What the core does not know of itself: how fast things are.
class Meter {
 public:
  void began(const mirror::Action& action, Instant now);
  void ended(const mirror::Event& event, Instant now);
  void link_lost() { remote_.clear(); }
  // Once in a while; keeps what the resync's rate is taken from.
  void sample(const mirror::State& core, Instant now);

  struct Resync {
    std::uint64_t total = 0;  // regions when it began
    double bytes_per_second = 0;
  };
  std::optional<Resync> resync(const mirror::State& core) const;
  // Bytes a second of the verify under way; 0: not known yet.
  double verify_rate(const mirror::State& core) const;

  Histogram local_write, remote_write, flush;

 private:
  struct Sample {
    Instant at{};
    std::uint64_t regions = 0;
  };
  // When what is under way began. Of two that fall into one place the later one counts: it is for
  // statistics only.
  class Begun {
   public:
    void add(mirror::Ticket ticket, Instant now) { place(ticket) = {ticket, now}; }
    // Nothing: it is not known.
    std::optional<Instant> take(mirror::Ticket ticket) {
      Entry& entry = place(ticket);
      if (entry.ticket != ticket) return std::nullopt;
      entry.ticket = 0;
      return entry.since;
    }
    void clear() { places_.fill({}); }

   private:
    static constexpr std::size_t places = 1024;
    struct Entry {
      mirror::Ticket ticket = 0;
      Instant since{};
    };
    Entry& place(mirror::Ticket ticket) { return places_[ticket / 16 % places]; }
    std::array<Entry, places> places_{};
  };
  double rate(const std::deque<Sample>& samples) const;
  Begun writes_, flushes_, remote_;
  std::deque<Sample> samples_;   // of the resync under way
  std::deque<Sample> compared_;  // of the verify under way
  std::uint64_t resync_total_ = 0;
  std::uint64_t region_bytes_ = 0;
};

inline constexpr Duration sample_every = 500ms;

struct EngineStatus {
  const EngineConfig& config;
  const mirror::State& core;
  const Meter& meter;
  bool connected = false;
  bool broken_off = false;
  std::string path;
  std::string device;
  std::uint64_t device_bytes = 0;
  std::string trouble;
  std::uint64_t restarts = 0;
  std::size_t queue_depth = 0;
  Duration in_role{};
  std::optional<Duration> peer_silent;  // nothing: not heard in this run
};
// The answer's line.
std::string to_line(std::uint64_t id, const EngineStatus& status);

// "up to date", "outdated" ...: docs/mirror.md.
std::string own_state(const mirror::State& core);
std::string peer_state(const mirror::State& core);

}  // namespace mainstay::mirrord
