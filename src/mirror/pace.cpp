#include "mirror/pace.h"

#include <algorithm>
#include <bit>

namespace mainstay::mirror {
namespace {

constexpr std::uint64_t fades_at = 4096;
// So many make a judgement: fewer say little of a hundredth.
constexpr std::uint64_t known_enough = 100;
constexpr std::uint64_t judged_enough = 50;
constexpr Duration judge_every = 250ms;
constexpr Duration listen_every = 2s;
constexpr Duration listen_sooner = 300ms;  // while little is known
constexpr Duration listen_for = 40ms;
// Nobody writes: nobody is slowed down.
constexpr Duration idle_after = 200ms;
constexpr Duration gap_min = 1ms;
constexpr Duration gap_max = 128ms;
// What a limit lets through at once after a pause.
constexpr Duration burst = 50ms;

std::size_t step_of(Duration took) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 8));
  const auto magnitude = static_cast<std::size_t>(std::bit_width(ns)) - 1;
  return magnitude * 8 + (ns >> (magnitude - 3) & 7);
}

Duration end_of(std::size_t step) {
  const std::uint64_t eighth = 1ULL << (step / 8 - 3);
  return Duration(static_cast<std::int64_t>((step % 8 + 9) * eighth));
}

}  // namespace

void Latencies::add(Duration took) {
  ++counts_[step_of(took)];
  if (++total_ < fades_at) return;
  total_ = 0;
  for (std::uint32_t& count : counts_) total_ += count /= 2;
}

Duration Latencies::slowest_hundredth() const {
  std::uint64_t above = 0;
  for (std::size_t step = steps; step > 0; --step) {
    above += counts_[step - 1];
    if (above * 100 > total_) return end_of(step - 1);
  }
  return {};
}

void Pace::start(Instant now) {
  quiet_writes_ = {};
  window_ = window_max_;
  gap_ = {};
  writes_ = slow_ = 0;
  judged_ = now;
  listened_ = {};
}

void Pace::write_ended(Instant arrived, Instant now) {
  last_write_ = now;
  ++writes_;
  if (quiet_ && quiet_since_ <= arrived) return quiet_writes_.add(now - arrived);
  if (now - arrived > 2 * quiet_writes_.slowest_hundredth()) ++slow_;
}

void Pace::judge(Instant now) {
  if (now - judged_ < judge_every) return;
  const bool idle = now - last_write_ > idle_after;
  if (!idle && writes_ < judged_enough) return;
  const bool too_slow = !idle && quiet_writes_.count() >= known_enough && slow_ * 100 > writes_;
  if (too_slow && window_ > 1) {
    window_ /= 2;
  } else if (too_slow) {
    gap_ = std::clamp(gap_ * 2, gap_min, gap_max);
  } else if (gap_ > Duration{}) {
    gap_ = gap_ > gap_min && !idle ? gap_ / 2 : Duration{};
  } else {
    window_ = idle ? window_max_ : std::min(window_ + 1, window_max_);
  }
  judged_ = now;
  writes_ = slow_ = 0;
}

// Whether it holds still to hear how long writes take without it.
bool Pace::listens(Instant now, std::size_t under_way) {
  if (now - last_write_ > idle_after) return false;
  const bool little = quiet_writes_.count() < known_enough;
  if (now - listened_ < (little ? listen_sooner : listen_every)) return false;
  if (under_way > 0) return true;
  fell_quiet(now);
  if (now - quiet_since_ < listen_for) {
    look_again_ = quiet_since_ + listen_for;
    return true;
  }
  listened_ = now;
  return false;
}

bool Pace::may_begin(Instant now, std::size_t under_way) {
  look_again_ = never;
  judge(now);
  if (under_way >= window_) return false;
  if (limit_ != 0 && now < due_) return later(due_);
  if (listens(now, under_way)) return false;
  if (now < last_begun_ + gap_) return later(last_begun_ + gap_);
  return true;
}

void Pace::began(Instant now, std::uint64_t bytes) {
  quiet_ = false;
  last_begun_ = now;
  if (limit_ == 0) return;
  const auto takes = Duration(static_cast<std::int64_t>(bytes * 1'000'000'000 / limit_));
  due_ = std::max(due_, now - burst) + takes;
}

void Pace::fell_quiet(Instant now) {
  if (quiet_) return;
  quiet_ = true;
  quiet_since_ = now;
}

}  // namespace mainstay::mirror
