// One core in a test, with obedient surroundings: the cluster partition answers at once, everything
// else when the test says so.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "base/check.h"
#include "mirror/volume.h"

namespace mainstay::mirror::testing {

inline Geometry small_geometry() {
  return {.sectors = 64, .region_sectors = 4, .zone_regions = 2, .log_slots = 2};
}

inline Settings settings(Copy self) {
  return {.mirror = {1, 2}, .geometry = small_geometry(), .self = self, .seed = 7u + self};
}

class Core {
 public:
  Core(Copy self, const Superblock& superblock)
      : partition_(Layout::size(small_geometry()), 0), settings_(settings(self)) {
    // Behind what was formatted there may be anything.
    partition_.resize(partition_.size() + 4 * std::size_t{block_size}, 0xa5);
    settings_.geometry = superblock.geometry;
    std::ranges::copy(
        encode(superblock),
        partition_.begin() + static_cast<std::ptrdiff_t>(Layout::superblock(superblock.counter)));
    open();
  }

  // A new run of the engine on the same disks.
  void open() {
    ++settings_.seed;
    Actions actions;
    state = begin(settings_, actions);
    take(std::move(actions));
  }
  // ... of which the superblock says that they are larger now.
  void open_with(std::uint64_t sectors) {
    settings_.geometry.sectors = sectors;
    open();
  }
  void tell(const Event& event) {
    Actions actions;
    step(state, event, now, actions);
    take(std::move(actions));
  }
  void wait(Duration span) {
    now += span;
    tell(Tick{});
  }

  // Takes out the actions of a kind that nobody has looked at yet.
  template <class A>
  std::vector<A> all() {
    std::vector<A> found;
    std::erase_if(seen, [&](const Action& action) {
      if (const auto* each = std::get_if<A>(&action)) found.push_back(*each);
      return std::holds_alternative<A>(action);
    });
    return found;
  }
  template <class A>
  A only() {
    auto found = all<A>();
    MAINSTAY_CHECK(found.size() == 1);
    return found.front();
  }
  // The bodies of the messages of a kind.
  template <class B>
  std::vector<B> said() {
    std::vector<B> found;
    std::erase_if(seen, [&](const Action& action) {
      const auto* sent = std::get_if<SendMessage>(&action);
      const auto* body = sent == nullptr ? nullptr : std::get_if<B>(&sent->message.body);
      if (body != nullptr) found.push_back(*body);
      return body != nullptr;
    });
    return found;
  }
  // As the peer would, in this session.
  void hear(decltype(Message::body) body, Term term) {
    tell(Received{Message{state.session, term, std::move(body)}});
  }
  void greet(const Generations& generations, CopyState copy = CopyState::up_to_date,
             std::uint64_t dirty = 0) {
    tell(LinkUp{});
    const auto& s = state.settings;
    hear(Hello{77, state.session, s.mirror, s.geometry, generations, copy, 0, dirty}, 0);
    said<Hello>();
  }

  State state;
  std::vector<Action> seen;
  Instant now{1s};
  bool partition_answers = true;

 private:
  void take(Actions actions) {
    for (Action& action : actions) {
      if (const auto* read = std::get_if<ReadMetadata>(&action)) {
        const auto from = partition_.begin() + static_cast<std::ptrdiff_t>(read->offset);
        tell(MetadataRead{read->ticket, true,
                          Bytes(from, from + static_cast<std::ptrdiff_t>(read->size))});
      } else if (const auto* write = std::get_if<WriteMetadata>(&action);
                 write && partition_answers) {
        std::ranges::copy(write->bytes,
                          partition_.begin() + static_cast<std::ptrdiff_t>(write->offset));
        tell(MetadataWritten{write->ticket, true});
      } else {
        seen.push_back(std::move(action));
      }
    }
  }

  Bytes partition_;
  Settings settings_;
};

inline constexpr Generation g1 = 100;
inline const Generations equal_to_us{g1, {}, {}};

inline Core copy_of(Copy self) { return {self, format_source(settings(self), g1)}; }

inline RequestArrived write(RequestId id, Sector first, std::uint32_t count = 1) {
  return {id, Operation::write, {first, count}, false, 5000 + id};
}
inline RequestArrived flush(RequestId id) { return {id, Operation::flush, {}, false, 0}; }

// A primary at term 2 whose peer follows.
inline Core paired() {
  Core core = copy_of(0);
  core.tell(Promote{1, 2});
  core.greet(equal_to_us);
  core.hear(Follow{0}, 2);
  MAINSTAY_CHECK(core.state.standing == Standing::paired);
  core.seen.clear();
  core.state.record_busy = 0;
  core.state.record = State::Known{3, both(2), true};
  return core;
}

// A primary at term 2 that has been promoted without its peer.
inline Core alone() {
  Core core = copy_of(0);
  core.tell(Promote{1, 2});
  core.wait(3s);
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(both(1))});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::done, 4});
  MAINSTAY_CHECK(core.state.phase == Phase::primary);
  core.seen.clear();
  return core;
}

}  // namespace mainstay::mirror::testing
