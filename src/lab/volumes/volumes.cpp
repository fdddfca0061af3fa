// Which volume is whose, and when.
#include "lab/volumes/volumes.h"

#include <fmt/format.h>
#include <unistd.h>

#include "lab/model.h"

namespace mainstay::lab {
namespace {

constexpr auto unmount_patience = 2s;

}  // namespace

Result<std::unique_ptr<Volumes>> Volumes::make(const Layout& layout, const std::string& directory,
                                               EventLog& events) {
  std::unique_ptr<Volumes> made(new Volumes(events));
  for (const LayoutInstance& instance : layout.instances) {
    if (instance.volumes.empty()) continue;
    if (::access("/dev/fuse", W_OK) != 0 || ::access("/dev/loop-control", W_OK) != 0) {
      return failure(Code::invalid,
                     "volumes need root, /dev/fuse and /dev/loop-control; take them out of the "
                     "layout, or run the lab as root");
    }
    if (auto added = made->add(directory, instance); !added) {
      return std::unexpected(added.error());
    }
  }
  return made;
}

Status Volumes::add(const std::string& directory, const LayoutInstance& instance) {
  const std::string folder = directory + "/volumes";
  if (auto made = make_directories(folder); !made) return made;
  std::vector<One>& own = all_[instance.name];
  for (const LayoutVolume& from : instance.volumes) {
    const std::string id = volume_id(instance.name, from.device);
    One one{
        .volume = nullptr,
        .node = {.id = id, .device = from.device, .name = fmt::format("nvme{}n1", own.size() + 1)},
        .file = folder + "/" + id};
    auto disk = VolumeDisk::open(one.file, from.size_mib * 1024 * 1024);
    if (!disk) return std::unexpected(disk.error());
    one.volume = std::make_unique<Volume>(id, std::move(*disk));
    own.push_back(std::move(one));
  }
  return {};
}

Result<std::vector<VolumeNode>> Volumes::attach(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  std::vector<VolumeNode> nodes;
  const auto found = all_.find(instance);
  if (found == all_.end()) return nodes;
  for (One& one : found->second) {
    auto attachment = Attachment::make(*one.volume);
    if (!attachment) return std::unexpected(attachment.error());
    one.attachment = std::move(*attachment);
    one.node.loop = one.attachment->loop();
    one.cut = false;
    nodes.push_back(one.node);
  }
  return nodes;
}

void Volumes::cut_power(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(instance);
  if (found == all_.end()) return;
  for (One& one : found->second) {
    if (one.attachment == nullptr) continue;
    one.cut = true;
    const std::size_t cached = one.volume->unflushed();
    const auto lost = one.volume->power_off();
    const std::string what = fmt::format("{}{}", instance, one.node.device);
    if (!lost) events_.add("volume", fmt::format("{}: {}", what, lost.error().message));
    if (!lost || cached == 0) continue;
    events_.add({.kind = "volume",
                 .text = fmt::format("{}: of {} sectors that were not flushed, {} are lost", what,
                                     cached, *lost),
                 .details = {{"lost", std::to_string(*lost)}}});
  }
}

void Volumes::abort(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(instance);
  if (found == all_.end()) return;
  for (One& one : found->second) {
    if (one.attachment != nullptr) one.attachment->abort();
  }
}

void Volumes::release(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(instance);
  if (found == all_.end()) return;
  for (One& one : found->second) {
    if (one.attachment == nullptr) continue;
    if (!one.cut) {
      auto kept = one.attachment->wait_until_free(unmount_patience);
      if (kept) kept = one.volume->flush();
      if (!kept) events_.add("volume", fmt::format("{}: {}", instance, kept.error().message));
    }
    one.attachment.reset();
    one.node.loop = -1;
  }
}

std::vector<Volumes::One*> Volumes::named(const std::string& which) {
  const auto slash = which.find('/');
  const std::string device = slash == std::string::npos ? "" : which.substr(slash + 1);
  std::vector<One*> out;
  const auto found = all_.find(which.substr(0, slash));
  if (found == all_.end()) return out;
  for (One& one : found->second) {
    if (device.empty() || one.node.name == device || one.node.device == "/dev/" + device) {
      out.push_back(&one);
    }
  }
  return out;
}

Result<std::string> Volumes::fault(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    return failure(Code::invalid, std::string("usage: fault ") + volume_fault_usage);
  }
  const std::lock_guard lock(mutex_);
  const auto concerned = named(words[0]);
  if (concerned.empty()) {
    return failure(Code::not_found, fmt::format("there is no volume '{}' in this lab", words[0]));
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  std::string now;
  for (One* one : concerned) {
    const auto faults = with_fault(one->volume->faults(), rest);
    if (!faults) return std::unexpected(faults.error());
    if (auto set = one->volume->set_faults(*faults); !set) return std::unexpected(set.error());
    now = to_text(*faults);
  }
  return fmt::format("{}: {}", words[0], now.empty() ? "in order" : now);
}

Status Volumes::clear_faults() {
  const std::lock_guard lock(mutex_);
  for (auto& [instance, own] : all_) {
    for (One& one : own) {
      if (auto set = one.volume->set_faults({}); !set) return set;
    }
  }
  return {};
}

std::vector<VolumeStatus> Volumes::status(const std::string& instance) const {
  const std::lock_guard lock(mutex_);
  std::vector<VolumeStatus> out;
  const auto found = all_.find(instance);
  if (found == all_.end()) return out;
  for (const One& one : found->second) {
    out.push_back({one.node, one.file, one.volume->unflushed(), to_text(one.volume->faults())});
  }
  return out;
}

}  // namespace mainstay::lab
