// What the recipes of AWS resources have in common: how long AWS has for an answer, when it is
// asked again, and which interface is this node's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ports/aws_words.h"
#include "resources/resource.h"

namespace mainstay {

// Of a type's Config: with whose rights AWS is asked. Whoever runs the recipe sees to it.
template <class Config>
Field role_field() {
  return field(&Config::role_arn, "role_arn")
      .label("IAM role")
      .help(
          "The role that is taken on to ask AWS, such as one of the account that owns what is "
          "moved. That of [aws] if left out.")
      .format(TextFormat::role_arn);
}

inline constexpr Duration aws_pause_min = 50ms;
// How long EC2 may go on describing the past before it is told again.
inline constexpr Duration aws_stale_max = 5s;

Call aws_call(Duration limit, const Context& context);
// For what is only asked for a warning: it does not hold up an activation for long.
Call advice_call(Duration limit, const Context& context);
// A little longer each time, and by chance: nodes that fail together shall not ask together.
Duration next_pause(Context& context, Duration pause);
// After an answer that may be better the next time: waits a little. False if there is no use in
// another try, or no time.
Task<bool> worth_another_try(Context& context, const Error& error, Duration& pause);

// A change, and how to see that it is there.
struct Settling {
  std::function<Task<Status>()> change;  // idempotent
  // "" = it is there; else what is, for the error of whoever waits in vain.
  std::function<Task<Result<std::string>>()> look;
  int number = 0;  // of that error
};
// Looks until the change is seen, and makes it again if AWS was not reached, or does not show it
// for too long. `last` is the outcome of the change so far. `how` lives until this is done.
Task<Status> settle(const Settling& how, Context& context, Status last);

// This node's interface as the metadata service describes it: the one with this id, or the first if
// the id is empty.
Task<Result<AwsInterface>> own_interface(const std::string& eni, Duration limit, Context& context);
// Its id alone: what is configured need not be asked. Patient: an activation that gives up moves
// the group to another node, which would ask the same AWS.
Task<Result<std::string>> own_eni_patiently(const std::string& configured, Duration limit,
                                            Context& context);
// The kernel's name of the interface with this ENI. `mac`: its MAC address, "" if not known yet.
Task<Result<std::string>> kernel_interface(const std::string& eni, const std::string& mac,
                                           Duration limit, Context& context);

Health unknown_health(const Error& error);

}  // namespace mainstay
