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

// ---- groups.cpp: orders, placement and health, as they reach each group
void follow_placement(State& state, Step& step);
void advance_groups(State& state, Step& step);
void on_monitor(State& state, const MonitorJudged& judged, Step& step);
void schedule_monitors(State& state, Step& step);
void notice_both_active(State& state, const NodeName& from, const Beat& beat, Step& step);

// ---- orders.cpp: what people ask for
void on_order(State& state, const OperatorAsked& asked, Step& step);
void settle_orders(State& state, Step& step);

// ---- speech.cpp: what we say
Beat compose(const State& state, const Step& step);
void speak(State& state, Step& step);

}  // namespace mainstay::node
