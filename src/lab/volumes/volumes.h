// The volumes of all instances: they stay when an instance dies, and are its block devices again
// when it boots.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/events.h"
#include "lab/layout.h"
#include "lab/volumes/volume.h"

namespace mainstay::lab {

// As an instance sees a volume.
struct VolumeNode {
  std::string id;
  std::string device;  // "/dev/sdf", as it was attached
  std::string name;    // "nvme1n1", as the kernel calls it
  int loop = -1;       // the number of the device behind it; -1: the instance is off
};

struct VolumeStatus {
  VolumeNode node;
  std::string file;
  std::size_t unflushed = 0;  // sectors
  std::string faults;
};

class Volumes {
 public:
  // The files are made in DIRECTORY/volumes. invalid: the lab may not make block devices.
  static Result<std::unique_ptr<Volumes>> make(const Layout& layout, const std::string& directory,
                                               EventLog& events);

  // At each boot.
  Result<std::vector<VolumeNode>> attach(const std::string& instance);
  // The plug is pulled: from now on the instance's disks are silent. What its processes do about it
  // nobody is to see, so they are ended before abort().
  void cut_power(const std::string& instance);
  // Ends what waits for the silent disks.
  void abort(const std::string& instance);
  // When the instance has ended. Unless the power was cut, everything it wrote is kept.
  void release(const std::string& instance);

  // "NAME" or "NAME/DEVICE", then a kind of fault and its options.
  Result<std::string> fault(const std::vector<std::string>& words);
  Status clear_faults();
  std::vector<VolumeStatus> status(const std::string& instance) const;

 private:
  struct One {
    std::unique_ptr<Volume> volume;
    VolumeNode node;
    std::string file;
    std::unique_ptr<Attachment> attachment = {};
    bool cut = false;
  };
  explicit Volumes(EventLog& events) : events_(events) {}
  Status add(const std::string& directory, const LayoutInstance& instance);
  // Those that are meant by "NAME" or "NAME/DEVICE".
  std::vector<One*> named(const std::string& which);

  EventLog& events_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<One>> all_;  // by instance
};

}  // namespace mainstay::lab
