// A disk with a cache that forgets: what was not flushed when the power goes is there or is not,
// sector by sector, whatever the order it was written in.
#pragma once

#include <map>
#include <vector>

#include "base/random.h"
#include "mirror/geometry.h"

namespace mainstay::mirror_sim {

template <class Content>
class Disk {
 public:
  explicit Disk(std::uint64_t sectors = 0) : settled_(sectors) {}

  std::uint64_t sectors() const { return settled_.size(); }
  const Content& read(mirror::Sector sector) const {
    const auto cached = cached_.find(sector);
    return cached == cached_.end() ? settled_[sector] : cached->second.back().content;
  }
  void write(mirror::Sector sector, const Content& content) {
    cached_[sector].push_back({++writes_, content});
  }
  // It is there for good, and whatever was cached for this sector is past.
  void write_through(mirror::Sector sector, const Content& content) {
    ++writes_;
    cached_.erase(sector);
    settled_[sector] = content;
  }
  // What is there for good is that now; unless something is cached for the sector.
  void rot(mirror::Sector sector, const Content& content) {
    if (!cached_.contains(sector)) settled_[sector] = content;
  }
  // What a flush that begins now will cover.
  std::uint64_t mark() const { return writes_; }
  void flush(std::uint64_t mark) {
    for (auto entry = cached_.begin(); entry != cached_.end();) {
      auto& versions = entry->second;
      auto after = versions.begin();
      for (; after != versions.end() && after->number <= mark; ++after) {
        settled_[entry->first] = after->content;
      }
      versions.erase(versions.begin(), after);
      entry = versions.empty() ? cached_.erase(entry) : std::next(entry);
    }
  }
  void lose_power(Random& random) {
    for (const auto& [sector, versions] : cached_) {
      const std::uint64_t kept = random.below(versions.size() + 1);
      if (kept > 0) settled_[sector] = versions[kept - 1].content;
    }
    cached_.clear();
  }

 private:
  struct Version {
    std::uint64_t number = 0;
    Content content;
  };
  std::vector<Content> settled_;
  std::map<mirror::Sector, std::vector<Version>> cached_;
  std::uint64_t writes_ = 0;
};

}  // namespace mainstay::mirror_sim
