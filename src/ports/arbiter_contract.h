// What every Arbiter must do, be it DynamoDB, etcd or the simulator's: test support.
//
// The caller sets up a store with nothing under the contract's keys and two clients of it, as two
// nodes have, and gets the list of broken clauses, each a sentence.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/arbiter.h"
#include "ports/clock.h"

namespace mainstay {

struct ArbiterContractWorld {
  Arbiter& one;  // two clients, for the same cluster
  Arbiter& two;
  Arbiter* stranger = nullptr;  // of another cluster in the same store; nullptr: leave it out
  Clock& clock;
  // Runs the world until `done` says so.
  std::function<void(const std::function<bool()>& done)> run_until;

  // Each lasts until `heal`; an empty one leaves its clauses out.
  std::function<void()> be_silent;     // no call has an effect or an answer
  std::function<void()> lose_answers;  // writes happen, but nothing is answered
  // One write happens unanswered; whatever comes after is answered.
  std::function<void()> lose_one_answer;
  std::function<void()> throttle;  // every call is refused as too many
  std::function<void()> deny;      // every call is refused as not permitted
  std::function<void()> forget;    // the store's table is gone, with all records
  std::function<void()> heal;      // the table is not brought back

  Duration call_limit = 10s;
};

// The broken clauses, each with what was found; none if the contract is kept.
std::vector<std::string> broken_arbiter_clauses(ArbiterContractWorld& world);

}  // namespace mainstay
