// The mirrors of a fake cluster: two copies each, and who has which acknowledged write.
//
// How two engines keep copies equal is proven elsewhere (sim/mirror); here they do what they
// promise to: a write is acknowledged when both copies have it, or when the record outside says
// that only this one counts. What is at stake is what the cluster makes of it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "base/random.h"
#include "ports/mirror.h"
#include "sim/time.h"

namespace mainstay::sim {

class World;

class Copies {
 public:
  explicit Copies(World& world) : world_(world) {}

  // `record`: an arbiter remembers which copies are up to date.
  void add(const std::string& mirror, std::array<std::size_t, 2> machines, bool record);
  bool known(const std::string& mirror, std::size_t machine) const;

  // ---- What an engine is asked. unavailable: not yet; ask again.
  Status promote(const std::string& mirror, std::size_t machine, std::uint64_t term);
  void demote(const std::string& mirror, std::size_t machine);
  MirrorStatus status(const std::string& mirror, std::size_t machine) const;
  void power_lost(std::size_t machine);

  // ---- As seen from outside.
  // Why the copy of this machine must not be used now; nothing if it may.
  std::optional<std::string> unfit(const std::string& mirror, std::size_t machine) const;
  std::uint64_t acknowledged(const std::string& mirror) const;

 private:
  struct Copy {
    std::size_t machine = 0;
    std::uint64_t term = 0;  // nothing of a lower one is taken in
    std::uint64_t primary_term = 0;
    std::uint64_t has = 0;  // every acknowledged write up to this one
    bool primary = false;
    bool alone = false;         // the record excludes the peer
    bool inconsistent = false;  // target of a resync
    std::optional<WorldTime> equal_at;
  };
  struct Record {
    std::uint64_t term = 0;
    std::array<bool, 2> up_to_date{true, true};
  };
  struct Pair {
    std::array<Copy, 2> copies;
    Record record;
    bool has_record = false;
    std::uint64_t acknowledged = 0;
    Random random{0};
  };
  struct Place {
    Pair* pair = nullptr;
    std::size_t side = 0;
  };

  Place place(const std::string& mirror, std::size_t machine) const;
  bool linked(const Pair& pair) const;
  bool record_reachable(std::size_t machine) const;
  void live(const std::string& mirror);
  void write(Pair& pair, std::size_t side);
  void follow(Pair& pair, std::size_t side);
  bool exclude_peer(Pair& pair, std::size_t side);
  Status promote_alone(Pair& pair, std::size_t side, std::uint64_t term);

  World& world_;
  mutable std::map<std::string, Pair> pairs_;
};

}  // namespace mainstay::sim
