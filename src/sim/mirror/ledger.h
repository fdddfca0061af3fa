// What the application may find on its disk: of each sector, the writes that a read may show now.
//
// An acknowledged write replaces what was there before it; one that was under way when its
// application ended may or may not be there, until it is read or written over. What was
// acknowledged but not flushed may be lost by a power cut, and then what it replaced is back.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mirror/geometry.h"

namespace mainstay::mirror_sim {

class Ledger {
 public:
  explicit Ledger(std::uint64_t sectors);

  using Id = std::uint64_t;  // of a write; rises
  // `value` is what a read of it shows; zeroes are 0.
  Id write_issued(const mirror::Range& range, bool zeroes);
  void write_acknowledged(Id id, bool durable);
  // Nobody waits for it any more.
  void write_abandoned(Id id);
  std::uint64_t value_of(Id id) const { return writes_.at(id).value; }

  // A flush covers what was acknowledged before it was issued.
  std::uint64_t now() const { return clock_; }
  void flush_acknowledged(std::uint64_t issued);
  void power_lost() { power_lost_ = ++clock_; }
  // A person gives up whatever else might have been there; nobody is at work.
  void chosen(mirror::Sector sector, std::uint64_t value);
  // An application starts on what it finds.
  void restart();

  // No write to this sector was under way then or since: a read must show one that is possible.
  bool quiet_since(mirror::Sector sector, std::uint64_t when) const;
  // nullopt: it may show this. Else what it might have shown.
  std::optional<std::string> read(mirror::Sector sector, std::uint64_t value);
  // An old application hears of its write when a newer one is at work. False: the newer one has
  // found that it is not there, and no power cut since it was issued excuses that.
  bool acknowledged_late(Id id, bool durable);

 private:
  struct Write {
    mirror::Range range;
    std::uint64_t value = 0;
    std::uint64_t issued = 0;
    std::uint64_t closed = 0;  // 0: under way
  };
  struct Replaced {
    Id id = 0;
    std::uint64_t at = 0;  // when that was acknowledged: a flush issued later makes it last
    // When what replaced it was issued: from then on one copy may have held it in its cache only,
    // and lost it before it was acknowledged.
    std::uint64_t since = 0;
  };
  struct Sector {
    std::vector<Id> possible{0};
    std::vector<Replaced> replaced;  // may come back if the power goes
  };
  std::vector<Sector> sectors_;
  std::map<Id, Write> writes_;
  std::set<mirror::Sector> replaced_;  // sectors that have some
  std::uint64_t clock_ = 0;
  std::uint64_t power_lost_ = 0;
  Id last_ = 0;
};

}  // namespace mainstay::mirror_sim
