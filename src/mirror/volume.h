// The core of one copy of a mirror: a function of its state, an event and the time.
//
// One thread calls step(), and `now` never goes back. Actions are performed in order and not waited
// for. Each that has a ticket is answered by exactly one event; an answer that comes too late is
// ignored. docs/mirror.md says what must be durable before what is acknowledged.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "mirror/action.h"
#include "mirror/activity_log.h"
#include "mirror/bitmap.h"
#include "mirror/flush_foresight.h"
#include "mirror/pace.h"
#include "mirror/record.h"

namespace mainstay::mirror {

struct Settings {
  MirrorId mirror{};
  Geometry geometry;  // as the superblock says; grows with the copy
  Copy self = 0;
  // false: no arbiter is configured, and a primary that loses its peer goes on with nothing but
  // itself to remember it. Weak: both copies may then go on.
  bool record = true;
  Duration peer_timeout = 20s;  // for an answer, until the link is dropped
  Duration promote_wait = 2s;   // for the peer, until a promotion goes on without it
  Duration record_retry = 1s;
  Duration force_wait = 5s;          // for the arbiter
  std::uint32_t resync_window = 16;  // regions on their way at one time; below first_free_buffer
  std::uint64_t resync_limit = 0;    // bytes a second; 0: none
  // Compare before a region is sent: where the link is slower than both disks.
  bool resync_by_checksum = false;
  std::uint64_t seed = 0;  // another one for every start
};

enum class Phase : std::uint8_t {
  opening,    // reading what the cluster partition says
  broken,     // a device failed, or the metadata was refused; this run is over
  secondary,  // takes what a primary sends
  promoting,
  primary,
  demoting,
};
std::string_view to_text(Phase phase);

// How a primary stands with its peer.
enum class Standing : std::uint8_t {
  apart,
  refused,    // linked, but the histories do not allow more: a person must decide
  leading,    // asked it to follow
  syncing,    // its copy is being made equal
  finishing,  // told it that its copy is up to date
  paired,     // equal, and every write goes to both
};
std::string_view to_text(Standing standing);

// A request of the front end, or a flush of our own (no id).
struct Request {
  RequestId id = 0;
  Operation operation = Operation::read;
  Range range;
  bool durable = false;
  BufferId buffer = 0;
  bool local_pending = false;
  bool peer_pending = false;
  bool lost = false;         // the peer's part of it is unknown: waits until we may go on alone
  bool answered = false;     // nobody waits for it any more
  std::uint64_t covers = 0;  // a flush: State::volatile_writes when it began
  Instant since{};
  Instant arrived{};
};

// A write that the primary sent, on its way to our device.
struct Taken {
  Session session = 0;
  Handle number = 0;
  Operation operation = Operation::write;
  Range range;
  BufferId buffer = 0;
};

// Something that needs one of the buffers of a resync.
struct Chunk {
  enum class Stage : std::uint8_t {
    idle,
    waiting,
    reading,
    sent,
    comparing,  // both copies are being summed up
    summing,    // ours is, for the peer
  };
  struct Summed {
    bool known = false;
    bool ok = false;
    Checksum sum{};
  };
  Stage stage = Stage::idle;
  bool compares = false;
  bool cancelled = false;  // a write has overtaken the reading
  // Writes wait for it: it was overtaken once, and must not be for ever.
  bool reserved = false;
  Region region = 0;
  Handle handle = 0;
  Instant since{};
  Summed own, theirs;
  // Of whom the sum is for.
  Handle number = 0;
  Session session = 0;
};

// A comparison of both copies, as far as it is.
struct Verification {
  bool repairs = false;
  Instant began{};
  Region next = 0;
  std::vector<Region> again;  // of those before, for the link was lost
  std::uint64_t compared = 0;
  std::uint64_t differing = 0;
  std::uint64_t unreadable = 0;
  struct Latest {
    Region region = 0;
    bool readable = false;
    bool differs = false;
    Instant since{};
  };
  Latest latest;
};

// This copy becomes larger. What is behind its end is made to read as zeroes, durably; then its
// superblock says so, and only then may anybody write there. So two copies of one size are equal
// where nobody has written, and one that is ahead of the other has nothing there that would be lost
// with it.
struct Growth {
  std::uint64_t sectors = 0;  // what it is to have; 0: not known yet
  // An order that is not answered yet: both copies are measured first.
  std::optional<Ticket> order;
  Instant deadline{};
  Handle measuring = 0;
  std::optional<Capacity> own, theirs;
  // The peer's copy is that large, or ours may be without it.
  bool peer_ready = false;
  Session asked = 0;  // it was told in this session
  // Where this is in hand it is waited for: nothing of it may land on what is written later.
  Handle busy = 0;
  Handle flush = 0;  // the last one that was begun
  bool given_up = false;
  Sector zeroed = 0;  // up to there
  bool flushed = false;
  std::uint64_t cleared = 0;  // blocks of the bitmap
};

struct State {
  Settings settings;
  Random random{0};
  Phase phase = Phase::opening;
  std::string trouble;  // why it is broken

  // ---- Metadata.
  struct Opening {
    std::uint64_t pending = 0;
    Bytes first, second, log;
    std::vector<Bytes> bitmap;
  };
  Opening opening;
  Superblock durable;  // what the cluster partition says
  Superblock wanted;   // what it is to say
  std::optional<Superblock> writing;
  ActivityLog log;
  bool log_writing = false;
  Bitmap dirty;             // regions that the peer's copy lacks, or may lack
  std::vector<bool> stale;  // by block: the cluster partition's bits differ
  std::uint64_t stale_count = 0;
  std::optional<std::uint64_t> bitmap_writing;

  // ---- The front end's requests.
  std::deque<Request> queue;
  Slab<Request> requests;
  // Writes that were answered and may be in caches only; and how many of them were flushed.
  std::uint64_t volatile_writes = 0;
  std::uint64_t flushed_writes = 0;
  FlushForesight foresight;
  // Regions written to on both copies and not known to be settled on both: since the settling flush
  // began, and before.
  RegionList young, old;
  Handle settling = 0;
  bool any_lost = false;

  // ---- The link.
  bool link_up = false;
  Session session = 0;       // ours
  Session echoed = 0;        // the peer's, as last answered
  Session peer_session = 0;  // 0: not greeted
  std::optional<Hello> peer;

  // ---- As primary.
  Standing standing = Standing::apart;
  Joining joining = Joining::pair;
  bool word = false;  // the peer has durably called itself inconsistent under our term
  Instant asked{};    // Lead or Finish
  std::optional<std::uint64_t> blocks_due;
  std::uint64_t blocks_seen = 0;
  Instant next_check{};  // of what the peer owes us

  // ---- Resync.
  std::vector<Chunk> chunks;
  Region cursor = 0;
  RegionList resynced, flushing;
  Handle resync_flush = 0;
  bool resync_flush_local = false;  // what is still to come
  bool resync_flush_peer = false;
  Instant resync_flush_since{};
  Instant resync_pause{};
  Pace pace;  // of a verify, too

  // ---- Verify.
  std::optional<Verification> verify;    // under way
  std::optional<Verification> verified;  // the last one that came to its end

  // ---- Growth.
  std::optional<Growth> growth;

  // ---- As follower.
  struct Wish {
    Term term = 0;
    Joining joining = Joining::pair;
    bool finish = false;
  };
  std::optional<Wish> wish;  // what the primary asked for and is not durable yet
  Term following = 0;
  Slab<Taken> taken;
  std::deque<Check> checks;

  // ---- The arbiter's record.
  struct Known {
    std::uint64_t version = 0;
    UpToDate value;
    // Written by this run. Of what was only read, a write of before that is still on its way may
    // yet take the place; of what we wrote ourselves, none can.
    bool ours = false;
  };
  std::optional<Known> record;
  Handle record_busy = 0;
  UpToDate record_meant;
  Instant record_retry{};

  // ---- The cluster's orders.
  struct Promotion {
    Ticket ticket = 0;
    Term term = 0;
    Instant deadline{};
  };
  std::optional<Promotion> promotion;
  struct Demotion {
    Ticket ticket = 0;
    bool flushed = false;
    Handle flush = 0;
  };
  std::optional<Demotion> demotion;
  // A person wants this copy to be the one that counts: first the record says so, then the disk is
  // flushed, so that what is found there stays, then our own metadata says so.
  struct Forcing {
    Ticket ticket = 0;
    Term term_max = 0;  // 0: any
    Term given_up = 0;
    std::uint64_t choice = 0;
    std::optional<UpToDate> found;  // what the record said at first
    UpToDate meant;                 // what it is to say
    bool recorded = false;
    Handle flush = 0;
    bool flushed = false;
    bool declared = false;
    Instant deadline{};
  };
  std::optional<Forcing> forcing;
  std::uint64_t tickets = 0;
};

std::string_view to_text(Chunk::Stage stage);
// Bytes that are known to read as zeroes, of those that the copy is to have more.
std::uint64_t zeroed_bytes(const State& state);
std::uint64_t growth_bytes(const State& state);

// What a new copy's superblock says. A source is what the other is built from; a target is nothing
// yet; equal ones were proven equal beforehand and share `generation`.
Superblock format_source(const Settings& settings, Generation generation);
Superblock format_target(const Settings& settings);

// Begins by reading the cluster partition.
State begin(const Settings& settings, Actions& out);
// Appends to `out`; callers keep it to spare allocations.
void step(State& state, const Event& event, Instant now, Actions& out);
Instant next_deadline(const State& state);

bool overlaps_running_write(const State& state, const Range& range);

// Between us and the peer a person has decided: for our copy, for theirs.
bool overrules_peer(const State& state);
bool overruled_by_peer(const State& state);

// Both copies are equal wherever nothing is in flight.
bool in_step(const State& state);

}  // namespace mainstay::mirror
