// The engines of this node's mirrors: each holds one copy of a device that two nodes share, and
// lets the application of one of them use it.
//
// A mirror is named by its resource. A call that no engine answers is unavailable; it may have
// taken effect where it was cut off in the middle: outcome_unknown.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

enum class MirrorRole : std::uint8_t {
  opening,    // reads what its disk says
  secondary,  // takes what a primary sends; the device cannot be used here
  promoting,
  primary,  // the device can be used here
  demoting,
  broken,  // a disk failed, or its metadata was refused: until the engine is restarted
};

// What one copy is worth.
enum class CopyState : std::uint8_t {
  unknown,       // nobody has said so of late
  up_to_date,    // the latest, as far as is known
  outdated,      // whole, but the other copy has writes that it lacks
  inconsistent,  // of no use alone: it was never built, or its resync was broken off
  recovering,    // it is being made equal
  diverged,      // both copies have writes that the other one lacks: a person must choose
  failed,        // its disk failed
};

// How long something has taken since the engine began.
struct MirrorLatency {
  std::uint64_t count = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
  friend bool operator==(const MirrorLatency&, const MirrorLatency&) = default;
};

// A comparison of both copies; its regions are of the size that a resync sends.
struct MirrorVerify {
  bool running = false;
  bool repairs = false;
  double percent = 0;
  std::uint64_t rate = 0;  // bytes a second
  std::optional<Duration> time_left;
  std::uint64_t differing_regions = 0;
  std::uint64_t unreadable_regions = 0;
  friend bool operator==(const MirrorVerify&, const MirrorVerify&) = default;
};

// Both copies become larger.
struct MirrorGrowth {
  std::uint64_t to = 0;  // bytes
  double percent = 0;    // of what is more, that has been made zero here
  friend bool operator==(const MirrorGrowth&, const MirrorGrowth&) = default;
};

struct MirrorStatus {
  std::string name;
  MirrorRole role = MirrorRole::opening;
  std::uint64_t term = 0;  // the highest that this copy knows
  CopyState own = CopyState::unknown;
  CopyState peer = CopyState::unknown;
  bool connected = false;
  bool broken_off = false;              // by order
  std::optional<Duration> peer_silent;  // since it was last heard; nothing: not by this engine
  std::string path;                     // where the peer is connected: "10.0.2.10:29051"
  std::uint64_t dirty_bytes = 0;        // what the copies are known to differ in
  // While a resync runs.
  std::optional<double> recovered_percent;
  std::uint64_t resync_rate = 0;  // bytes a second
  std::optional<Duration> time_left;
  std::optional<MirrorVerify> verify;  // under way, or the last that ended
  std::string device;                  // "/dev/loop3"; "" while there is none
  std::uint64_t size = 0;              // bytes
  std::uint64_t grown_from = 0;        // ... before it last grew; 0: it has not
  std::optional<MirrorGrowth> growth;  // while it grows
  std::uint64_t queue = 0;             // requests under way
  bool waiting_for_record = false;     // nothing is acknowledged until the arbiter answers
  std::uint64_t restarts = 0;          // of the engine, since it was first started
  std::string trouble;                 // what keeps it from being better, in words
  std::map<std::string, MirrorLatency> latencies;  // "local_write", "remote_write", "flush"
  friend bool operator==(const MirrorStatus&, const MirrorStatus&) = default;
};

// What a person may ask of a mirror.
enum class MirrorOrder : std::uint8_t { connect, break_off, verify, repair, resize, force };

class Mirror {
 public:
  virtual ~Mirror() = default;

  // Idempotent at one term. Done: the device can be used here, and this copy is known to be the
  // latest. conflict: it is not, or a higher term is known; the message says what is missing.
  virtual Task<Status> promote(std::string mirror, std::uint64_t term, Call call) = 0;
  // Idempotent. Done: the device is gone and nothing is written here any more. conflict: somebody
  // uses the device. Forced, it is taken from them: their requests fail.
  enum class Demotion : std::uint8_t { orderly, forced };
  virtual Task<Status> demote(std::string mirror, Demotion how, Call call) = 0;
  virtual Task<Result<MirrorStatus>> status(std::string mirror, Call call) = 0;
  // conflict: it is refused, and why. invalid: this engine cannot do that.
  virtual Task<Status> order(std::string mirror, MirrorOrder order, Call call) = 0;
};

std::string_view to_text(MirrorRole role);
std::string_view to_text(CopyState state);
std::string_view to_text(MirrorOrder order);
std::optional<MirrorRole> mirror_role_from(std::string_view text);
std::optional<CopyState> copy_state_from(std::string_view text);
std::optional<MirrorOrder> mirror_order_from(std::string_view text);

// The colours that users of the guide's product know.
std::string_view colour_of(CopyState state);

}  // namespace mainstay
