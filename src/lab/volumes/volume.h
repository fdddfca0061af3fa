// A volume with its faults, and the block device that it is in an instance while that runs.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/volumes/disk.h"
#include "lab/volumes/faults.h"
#include "lab/volumes/fuse.h"

namespace mainstay::lab {

// For the threads of an attachment.
class Volume {
 public:
  Volume(std::string id, VolumeDisk disk) : id_(std::move(id)), disk_(std::move(disk)) {}

  const std::string& id() const { return id_; }
  std::uint64_t size() const { return disk_.size(); }
  VolumeFaults faults() const;
  Status set_faults(const VolumeFaults& faults);
  std::size_t unflushed() const;

  // Before anybody serves it.
  void power_on();
  // Nothing is taken in or answered any more. The number of sectors that are lost.
  Result<std::size_t> power_off();
  // Everything that was answered is kept.
  Status flush();

  // The answer; empty: there is none. Takes as long as the faults say.
  Bytes answer(const fuse::Request& request, ByteView data);

 private:
  bool refuses(VolumeOperation operation);
  Bytes perform(const fuse::Request& request, ByteView data);

  const std::string id_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable off_;
  VolumeDisk disk_;
  VolumeFaults faults_;
  Random chance_{1};
  bool powered_ = false;
  // Writes that wait for their turn.
  std::map<std::uint64_t, std::pair<std::uint64_t, ByteView>> under_way_;
};

// The block device of one boot.
class Attachment {
 public:
  static Result<std::unique_ptr<Attachment>> make(Volume& volume);
  ~Attachment();

  int loop() const { return loop_number_; }
  // Whoever still waits for an answer gets an error.
  void abort();
  // Until nothing is mounted from it any more.
  Status wait_until_free(Duration patience) const;

 private:
  explicit Attachment(Volume& volume) : volume_(volume) {}
  Status mount();
  Status attach_loop();
  void serve();
  bool serve_one(std::span<std::uint8_t> buffer);

  Volume& volume_;
  Fd end_;  // readable: the threads are to end
  Fd fuse_;
  Fd mount_;  // in no directory
  Fd loop_;
  int loop_number_ = -1;
  std::vector<std::thread> threads_;
};

}  // namespace mainstay::lab
