// The data device and the cluster partition, as the core's actions want them.
#pragma once

#include "mirror/action.h"
#include "mirrord/buffers.h"
#include "mirrord/device.h"
#include "mirrord/ring.h"

namespace mainstay::mirrord {

class Disks {
 public:
  using Tell = std::function<void(mirror::Event event)>;

  Disks(Ring& ring, Buffers& buffers, Device data, Device metadata, Tell tell);

  void read(const mirror::ReadData& read);
  void sum(const mirror::SumData& sum);
  void write(const mirror::WriteData& write);
  void flush(const mirror::FlushData& flush);
  void read(const mirror::ReadMetadata& read);
  void write(mirror::WriteMetadata write);
  // What the partitions could hold now; nothing, if they do not say.
  mirror::Capacity measure();
  // What the system has in hand.
  std::size_t under_way() const { return under_way_; }
  // Of the last error, for people.
  const std::string& trouble() const { return trouble_; }

 private:
  void zero(const mirror::WriteData& write);
  void write_zeroes(const mirror::WriteData& write, std::uint64_t done);
  void ended(mirror::Ticket ticket, bool ok);
  bool fits(const Device& device, std::string_view what, int result, std::uint64_t expected);

  Ring& ring_;
  Buffers& buffers_;
  Device data_;
  Device metadata_;
  Tell tell_;
  std::size_t under_way_ = 0;
  std::string trouble_;
  bool zeroes_by_hand_ = false;  // the device knows no other way
};

}  // namespace mainstay::mirrord
