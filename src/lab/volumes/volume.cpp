// What a volume answers.
#include "lab/volumes/volume.h"

#include <cerrno>

namespace mainstay::lab {
namespace {

using What = fuse::Request::What;

std::optional<VolumeOperation> operation_of(What what) {
  switch (what) {
    case What::read:
      return VolumeOperation::read;
    case What::write:
    case What::zero:
      return VolumeOperation::write;
    case What::flush:
      return VolumeOperation::flush;
    default:
      return std::nullopt;
  }
}

}  // namespace

VolumeFaults Volume::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

Status Volume::set_faults(const VolumeFaults& faults) {
  const std::lock_guard lock(mutex_);
  if (faults.loss != faults_.loss) {
    if (auto set = disk_.set_loss(faults.loss); !set) return set;
    chance_ = Random(faults.loss.seed);
  }
  faults_ = faults;
  return {};
}

std::size_t Volume::unflushed() const {
  const std::lock_guard lock(mutex_);
  return disk_.unflushed();
}

void Volume::power_on() {
  const std::lock_guard lock(mutex_);
  powered_ = true;
}

Result<std::size_t> Volume::power_off() {
  const std::lock_guard lock(mutex_);
  if (!powered_) return 0;
  powered_ = false;
  off_.notify_all();
  for (const auto& [unique, write] : under_way_) {
    auto landed = disk_.land_in_part(write.first, write.second);
    if (!landed) return std::unexpected(landed.error());
  }
  under_way_.clear();
  return disk_.lose_cache();
}

Status Volume::flush() {
  const std::lock_guard lock(mutex_);
  return disk_.flush();
}

bool Volume::refuses(VolumeOperation operation) {
  OperationFaults& faults = faults_.of(operation);
  if (faults.error_rate <= 0 || !chance_.chance(faults.error_rate)) return false;
  if (faults.errors_left > 0 && --faults.errors_left == 0) faults.error_rate = 0;
  return true;
}

Bytes Volume::perform(const fuse::Request& request, ByteView data) {
  const std::uint64_t unique = request.unique;
  Status done;
  if (request.what == What::read) {
    Bytes content(request.size);
    done = disk_.read(request.offset, content);
    if (done) return fuse::reply_data(unique, content);
  } else if (request.what == What::write) {
    done = disk_.write(request.offset, data);
    if (done) return fuse::reply_written(unique, request.size);
  } else {
    done = request.what == What::zero ? disk_.zero(request.offset, request.size) : disk_.flush();
    if (done) return fuse::reply_done(unique);
  }
  return fuse::reply_error(unique, EIO);
}

Bytes Volume::answer(const fuse::Request& request, ByteView data) {
  const auto operation = operation_of(request.what);
  if (!operation) return fuse::reply_about(request, {.name = id_, .size = size()});
  std::unique_lock lock(mutex_);
  if (!powered_) return {};
  const bool in_place = disk_.possible(request.offset, request.size);
  if (request.what != What::flush && (!in_place || request.size > size())) {
    return fuse::reply_error(request.unique, EINVAL);
  }
  if (const Duration latency = faults_.of(*operation).latency; latency > Duration{}) {
    if (request.what == What::write) under_way_[request.unique] = {request.offset, data};
    if (off_.wait_for(lock, latency, [this] { return !powered_; })) return {};
    under_way_.erase(request.unique);
  }
  if (refuses(*operation)) return fuse::reply_error(request.unique, EIO);
  return perform(request, data);
}

}  // namespace mainstay::lab
