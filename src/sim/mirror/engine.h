// One node's engine in the mirror's world: the core, its two disks, and the crashes between them.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sim/mirror/disk.h"
#include "sim/mirror/environment.h"

namespace mainstay::mirror_sim {

class World;

using Payload = std::vector<std::uint64_t>;  // one number for a sector
// What a sector says that has rotted has this bit; nobody writes it.
inline constexpr std::uint64_t rotten = 1ULL << 61;
inline bool has_rotted(std::uint64_t value) { return (value & rotten) != 0; }
using MetadataSector = std::array<std::uint8_t, mirror::sector_size>;

struct Parcel {
  mirror::Message message;
  Payload payload;
};

class Engine {
 public:
  Engine(World& world, mirror::Copy copy);

  // ---- The machine and the process.
  void start();
  void kill();
  void lose_power();
  void freeze() { frozen_ = true; }
  void thaw();
  // A new disk pair, on which nothing is that was.
  void replace_disks();
  void format(const mirror::Superblock& superblock);
  bool running() const { return core_.has_value(); }
  bool frozen() const { return frozen_; }
  bool awake() const { return running() && !frozen_; }
  // Rises with each start.
  std::uint64_t life() const { return life_; }

  // ---- Disks.
  void rot();
  // More of the disk belongs to the partition; what is there may be anything.
  void enlarge();
  // What the core calls its size, in sectors; of one that does not run, what it was at first.
  std::uint64_t size() const;
  void stall_until(Instant until) { stalled_until_ = until; }
  void set_failing(double rate) { failing_ = rate; }
  const Disk<std::uint64_t>& data() const { return data_; }

  // ---- Events.
  void tell(mirror::Event event);
  void arrive(Parcel parcel);
  const mirror::State* core() const { return core_ ? &*core_ : nullptr; }
  // Payload of a request; taken back when it is acknowledged.
  mirror::BufferId lend(Payload payload);
  Payload take_back(mirror::BufferId buffer);

 private:
  struct Flight {
    bool metadata = false;
    mirror::Range range;
    Payload payload;
    Bytes bytes;
    std::uint64_t offset = 0;
    bool durable = false;
    mirror::Term term = 0;  // of the message that asked for it; 0: nobody's
    bool chooses = false;   // a superblock by which this copy counts from now on
  };
  void run(const mirror::Event& event, mirror::Term of_message);
  void perform(mirror::Action action, mirror::Term of_message);
  void read_data(const mirror::ReadData& read);
  void sum_data(const mirror::SumData& sum);
  void write_data(const mirror::WriteData& write, mirror::Term of_message);
  void flush_data(const mirror::FlushData& flush);
  void read_metadata(const mirror::ReadMetadata& read);
  void write_metadata(mirror::WriteMetadata write);
  void land(const Flight& flight, bool torn);
  void land_metadata(const Flight& flight, bool torn);
  std::optional<mirror::Superblock> newest_superblock() const;
  void measure(const mirror::MeasureDevices& measure);
  void arm();
  mirror::Verification verification() const;
  Instant disk_time(const Span& span);
  // After `when`, if this run of the process is still the same.
  void later(Instant when, std::move_only_function<void()> work);
  bool fails();

  World& world_;
  mirror::Copy copy_;
  Disk<std::uint64_t> data_;
  Disk<MetadataSector> metadata_;
  std::optional<mirror::State> core_;
  mirror::Actions actions_;
  std::uint64_t life_ = 0;
  bool frozen_ = false;
  std::deque<std::pair<mirror::Event, mirror::Term>> inbox_;
  std::map<std::uint64_t, Flight> flights_;
  std::uint64_t last_flight_ = 0;
  std::map<mirror::BufferId, Payload> buffers_;
  mirror::BufferId last_buffer_ = 2000;
  std::uint64_t capacity_;  // sectors of the partition
  Instant stalled_until_{};
  double failing_ = 0;
  Instant armed_ = never;
};

}  // namespace mainstay::mirror_sim
