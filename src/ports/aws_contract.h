// What every Aws must do, be it EC2 itself, the lab's or the simulator's: test support.
//
// The caller sets up a world, tells its facts, and gets the list of broken clauses, each a
// sentence. A fake may lie as ports/aws.h allows (describe the past for a while, throttle, lose
// answers); what it may never do is claim success, failure or absence that is not so.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/aws.h"
#include "ports/clock.h"

namespace mainstay {

struct AwsContractWorld {
  Aws& aws;
  Clock& clock;
  // Runs the world until `done` says so.
  std::function<void(const std::function<bool()>& done)> run_until;

  // Facts of the world as it is when the contract begins.
  std::optional<AwsIdentity> self;  // nullopt: the caller is no instance
  std::string vpc;
  std::vector<std::string> cidrs;
  std::vector<std::string> tables;  // all of the VPC
  std::string table;                // one of them, with a route to `destination` at `here`
  std::string destination;
  AwsInterface here;
  AwsInterface there;
  std::string allocation;  // of an Elastic IP address; "": leave its clauses out
  std::string secondary;   // a free private address of both subnets; "": likewise
  std::string zone;        // "": likewise
  std::string running_instance;
  std::string expendable_instance;  // will be stopped; "": leave that clause out

  // Each lasts until `heal`; an empty one leaves its clauses out.
  std::function<void()> throttle;      // every call is refused as too many
  std::function<void()> deny;          // every call is refused as not permitted
  std::function<void()> be_silent;     // no call has an effect or an answer
  std::function<void()> lose_answers;  // changes happen, but nothing is answered
  std::function<void()> heal;

  Duration call_limit = 10s;
  Duration staleness_max = 10s;  // how long the past may be described
  Duration poll_pause = 200ms;
};

// The broken clauses, each with what was found; none if the contract is kept. The route points at
// `here` afterwards, and the expendable instance is stopped.
std::vector<std::string> broken_aws_clauses(AwsContractWorld& world);

}  // namespace mainstay
