// The parts of step(), in the order in which it calls them. Used by node.cpp and its siblings
// alone.
#pragma once

#include "cluster/node.h"
#include "cluster/placement/placement.h"
#include "cluster/step.h"

namespace mainstay::node {

// ---- node.cpp
arbitration::Permission permission(const State& state);
placement::View view(const State& state);
std::size_t rank(const ClusterConfig& config, const NodeName& node);
// Past the start-up wait: may act against others.
bool acts(const State& state);
bool all_idle(const State& state);
Term highest_term(const State& state, const GroupName& group);
Intent intent(const State& state, const GroupName& group);
// Remembers, and asks for storing, a new wish; everybody hears of it in the next beat.
void wish(State& state, const GroupName& group, Intent intent, Step& step);
void store(State& state, Step& step);
void promise(State& state, const GroupName& group, Promise promise, Step& step);
// Stops what runs here because nothing may, and kills it in time. Called first, and again last.
void guard(State& state, Step& step);
void stop_all(State& state, StopReason reason, Step& step);

// ---- claim.cpp: from stopped to starting
void consider_claims(State& state, const NodeName& from, const Beat& beat, Step& step);
// What was refused while we ran it is looked at again the moment we have stopped it: whoever takes
// it over need not ask once more.
void reconsider_claims(State& state, Step& step);
void advance_claims(State& state, Step& step);
// True if the event answered a question about a group's record at the arbiter.
bool on_owner_answer(State& state, const Event& event, Step& step);

// ---- waiting.cpp
// What keeps the group from starting on this node, in words; "" if nothing does.
std::string waits_for(const State& state, const GroupConfig& config, Instant now);

// ---- groups.cpp: orders, placement and health, as they reach each group
void follow_placement(State& state, Step& step);
void advance_groups(State& state, Step& step);
void on_monitor(State& state, const MonitorJudged& judged, Step& step);
void schedule_monitors(State& state, Step& step);

// ---- rivals.cpp: active on two nodes at once
void notice_both_active(State& state, const NodeName& from, const Beat& beat, Step& step);
// The loser has stopped: what runs here is looked at.
void look_after_double_runs(State& state, Step& step);

// ---- returning.cpp: nodes that come back, and those that come back too often
// At the start: is this node let in?
void judge_last_run(State& state, bool ended_in_order);
// Ends an isolation whose time is over.
void end_isolation(State& state, Step& step);
Status recover_node(State& state, Step& step);
void count_losses(State& state, Step& step);
void heed_recovery(State& state, const NodeName& from, const Beat& beat, Step& step);
// Any member that we hear, we included, says so.
bool quarantined(const State& state, const NodeName& node);
Instant next_return(const State& state);

// ---- halts.cpp: final actions that end the node, and how often they may
void perform_halts(State& state, Step& step);
void forget_reboots(State& state, Step& step);
Instant next_halt(const State& state);

// ---- departure.cpp: in order, and in time
const ShutdownConfig& shutdown_policy(const State& state);
// The operating system, or a signal, asks the daemon to end; asked again it hurries.
void begin_departure(State& state, Step& step);
void leave(State& state, Step& step);
// Past the time of the departure: what still runs is killed.
void hurry_departure(State& state, Step& step);
Instant next_departure(const State& state);
// A member again: what stopped with this node starts again.
void unpark(State& state, Step& step);

// ---- orders.cpp: what people ask for
void on_order(State& state, const OperatorAsked& asked, Step& step);
void settle_orders(State& state, Step& step);

// ---- speech.cpp: what we say
Beat compose(State& state, const Step& step);
void speak(State& state, Step& step);

}  // namespace mainstay::node
