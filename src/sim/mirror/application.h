// What uses the mirror: it reads its whole disk when it starts, and then writes, flushes, trims and
// reads for as long as it is left alone. It keeps the ledger.
#pragma once

#include <map>

#include "sim/mirror/engine.h"
#include "sim/mirror/ledger.h"

namespace mainstay::mirror_sim {

class Application {
 public:
  explicit Application(World& world);

  void start(mirror::Copy copy, mirror::Term term);
  // It is killed, or the machine it was on.
  void end();
  bool runs() const { return running_; }
  // It has read all of its disk.
  bool has_read() const { return running_ && read_next_ >= sectors_ && reading_ == 0; }
  // The programs of a machine that was thought dead wake up and write.
  void haunt(mirror::Copy copy);
  void rest() { resting_ = true; }
  void on_acknowledged(mirror::Copy copy, const mirror::Acknowledge& done);
  // A person has decided that this is what the sector holds.
  void chosen(mirror::Sector sector, std::uint64_t value) { ledger_.chosen(sector, value); }
  // The device is larger now.
  void resized(mirror::Copy copy, std::uint64_t sectors);
  // ... or a person has chosen a copy of that size.
  void size_chosen(std::uint64_t sectors) { seen_sectors_ = sectors; }
  void power_lost() { ledger_.power_lost(); }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Request {
    mirror::Operation operation = mirror::Operation::read;
    mirror::Range range;
    bool durable = false;
    Ledger::Id id = 0;
    std::uint64_t issued = 0;  // by the ledger's clock
    mirror::BufferId buffer = 0;
    std::uint64_t run = 0;
    bool ghost = false;
  };
  void work(std::uint64_t run);
  void issue();
  void issue_read(const mirror::Range& range);
  void issue_write(bool zeroes);
  void ask(Request request, Payload payload);
  mirror::Range draw_range();
  bool overlaps_own(const mirror::Range& range) const;
  void on_late(const Request& request);
  void on_read(const Request& request, const Payload& payload);

  World& world_;
  Ledger ledger_;
  std::uint64_t sectors_;           // of the device
  std::uint64_t seen_sectors_ = 0;  // ... that it has had already
  bool running_ = false;
  bool resting_ = false;
  mirror::Copy copy_ = 0;
  std::uint64_t run_ = 0;
  mirror::Sector read_next_ = 0;
  std::size_t reading_ = 0;
  std::map<mirror::RequestId, Request> requests_;
  std::size_t own_ = 0;  // requests of this run
  mirror::RequestId last_ = 0;
  std::uint64_t ghosts_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace mainstay::mirror_sim
