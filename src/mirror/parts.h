// The parts of the mirror's core, as they see one another; not for callers of step().
//
// Most of it is level-triggered: an event changes the state, and advance() then begins whatever the
// state now allows. Each part's pump looks at the state only, never at what has just happened.
#pragma once

#include <utility>

#include "base/mirror_sabotage.h"
#include "mirror/volume.h"

namespace mainstay::mirror {

struct Step {
  State& s;
  Instant now;
  Actions& out;
  void act(Action action) { out.push_back(std::move(action)); }
  void note(std::string text) { act(Note{std::move(text)}); }
};

// What an answer is about.
enum class Kind : std::uint8_t {
  opening,
  superblock,
  log,
  bitmap,
  request,
  chunk,
  resync_flush,
  taken,
  taken_flush,
  record,
  force_flush,
  growth,
  measure,  // for the peer
};
inline Ticket ticket(Kind kind, Handle handle) {
  return handle << 4 | static_cast<std::uint64_t>(kind);
}
inline Kind kind_of(Ticket ticket) { return static_cast<Kind>(ticket & 15); }
inline Handle handle_of(Ticket ticket) { return ticket >> 4; }

// ---- step.cpp
// A device failed: this run is over, and everybody who waits is told.
void fail_stop(Step& step, std::string why);

// ---- opening.cpp
void on_opening_read(Step& step, const MetadataRead& event);

// ---- metadata.cpp
void pump_metadata(Step& step);
void on_metadata_written(Step& step, const MetadataWritten& event);
inline bool superblock_settled(const State& s) { return !s.writing && s.wanted == s.durable; }
void set_dirty(State& s, Region region);
void clear_dirty(State& s, Region region);
// Frees slots of the activity log for a write to this range, or begins what must come before that.
void make_room(Step& step, const Range& range);
void write_bitmap_block(Step& step, std::uint64_t block);

// ---- requests.cpp
enum class Mode : std::uint8_t { both, alone, hold };
Mode write_mode(const State& s);
// It is known outside this node that the peer's copy is not to be used, and our generation is ours
// alone: what one copy holds may be acknowledged.
bool outside_known(const State& s);
bool may_go_alone(const State& s);
// Something waits for that.
bool wants_alone(const State& s);
void on_request(Step& step, const RequestArrived& event);
void pump_requests(Step& step);
void on_local_done(Step& step, Handle handle, bool ok);
void on_peer_done(Step& step, Handle handle, bool ok);
// A flush that nobody asked for.
Handle begin_own_flush(Step& step);
// The peer's part of everything under way is unknown from now on.
void forget_peer(State& s);
// Nobody is answered any more; what the device has in hand is only waited for.
void fail_requests(Step& step);

bool writes_run(const State& s);

// ---- link.cpp
void greet(Step& step);
void send(Step& step, decltype(Message::body) body);
void on_link_up(Step& step);
void on_link_lost(Step& step);
void lose_peer(Step& step, std::string why);
void on_received(Step& step, const Message& message);
void pump_link(Step& step);

// ---- follower.cpp
void on_lead(Step& step, Term term, const Lead& lead);
void on_write(Step& step, const Message& message, const Write& write);
void on_flush(Step& step, const Message& message, const Flush& flush);
void on_finish(Step& step, const Message& message, const Finish& finish);
void on_taken_done(Step& step, Handle handle, bool ok);
void pump_follower(Step& step);
// This copy follows the one who says this, under the term that it names.
bool follows(const State& s, const Message& message);

// ---- resync.cpp
inline constexpr Duration resync_flush_every = 500ms;
void begin_resync(Step& step);
void stop_resync(State& s);
// A write wants this range: a region that is only being read is read again later. True: it is on
// its way to the peer, and the write must wait for it.
bool resync_holds(State& s, const Range& range);
void on_chunk_read(Step& step, Handle handle, bool ok);
void on_chunk_written(Step& step, Handle handle, bool ok);
void on_local_resync_flushed(Step& step, Handle handle, bool ok);
void on_peer_resync_flushed(Step& step, Handle handle, bool ok);
void on_finished(Step& step);
void pump_resync(Step& step);
Chunk* find_chunk(State& s, Handle handle);
BufferId buffer_of(const State& s, const Chunk& chunk);
bool chunks_idle(const State& s);
std::uint64_t region_bytes(const State& s);
bool pace_allows(Step& step);
// What is in its buffer goes to the peer.
void send_chunk(Step& step, Chunk& chunk);

// ---- verify.cpp
bool comparing(const State& s);
// Has both copies of the chunk's region summed up, unless it is being written to.
void begin_comparing(Step& step, Chunk& chunk);
bool repairing(const State& s);
void on_verify(Step& step, const Verify& event);
void on_check(Step& step, const Message& message, const Check& check);
void on_summed(Step& step, const DataSummed& event);
void on_checked(Step& step, const Checked& checked);
void stop_comparing(State& s);
void pump_checks(Step& step);
void pump_verify(Step& step);

// ---- growth.cpp
// The peer's copy is of one size with ours, or one of the two has grown and the other has not yet.
bool of_one_size(const State& s, const Hello& hello);
// The peer's copy has that size now. Whoever finds the other one ahead grows, too.
void on_copy_size(Step& step, std::uint64_t sectors);
void on_resize(Step& step, const Resize& event);
void refuse_resize(Step& step, Code code, std::string why);
void on_devices_measured(Step& step, const DevicesMeasured& event);
void on_measure(Step& step, const Message& message);
void on_measured(Step& step, const Measured& measured);
void on_grow(Step& step, const Message& message, const Grow& grow);
void on_growth_done(Step& step, Handle handle, bool ok);
void on_growth_cleared(Step& step, Handle handle);
void pump_growth(Step& step);
// More is to be made zero, and nothing of it is in hand: it is for the pace to say when.
bool zeroing(const State& s);

// ---- outside.cpp
bool record_excludes_peer(const State& s);
void on_record_read(Step& step, const RecordRead& event);
void on_record_swapped(Step& step, const RecordSwapped& event);
void pump_record(Step& step);
// Makes our generation ours alone, if it is not.
void begin_generation(State& s);

// ---- force.cpp
void on_force(Step& step, const Force& event);
void refuse_force(Step& step, Code code, std::string why);
// What the record is to say; nothing: it must not be touched, and the order was refused.
std::optional<UpToDate> force_on_record(Step& step, const UpToDate& known, std::uint64_t version);
void on_force_flushed(Step& step, Handle handle, bool ok);
void pump_force(Step& step);
// Histories that a person has decided on: ours becomes the newer one. False: nobody has.
bool overrule_peer(Step& step);

// ---- role.cpp
void on_promote(Step& step, const Promote& event);
void on_demote(Step& step, const Demote& event);
void refuse_promotion(Step& step, Code code, std::string why);
// Somebody leads, or led, with this higher term: whatever we were, we are secondary.
void step_down(Step& step, Term term, std::string_view why);
void pump_role(Step& step);

}  // namespace mainstay::mirror
