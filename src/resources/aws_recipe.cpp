#include "resources/aws_recipe.h"

#include <fmt/format.h>

#include <algorithm>

namespace mainstay {
namespace {

constexpr Duration pause_max = 1s;
constexpr Duration advice_max = 2s;

Task<Result<std::string>> mac_of(const std::string& eni, Duration limit, Context& context) {
  // Clients wait for the address: a metadata service that is silent is soon given up.
  const auto identity = co_await context.aws.identity(advice_call(limit, context));
  if (identity) {
    for (const AwsInterface& each : identity->interfaces) {
      if (each.id == eni) co_return each.mac;
    }
  }
  const auto described = co_await context.aws.network_interface(eni, aws_call(limit, context));
  if (described) co_return described->mac;
  co_return std::unexpected(aws_error(described.error(), "Describing " + eni));
}

}  // namespace

Call aws_call(Duration limit, const Context& context) {
  return {std::min(context.call.deadline, context.clock.now() + limit), context.call.cancellation};
}

Call advice_call(Duration limit, const Context& context) {
  return aws_call(std::min(limit, advice_max), context);
}

Duration next_pause(Context& context, Duration pause) {
  return std::min(pause_max, pause + context.random.between(Duration::zero(), pause));
}

Task<bool> worth_another_try(Context& context, const Error& error, Duration& pause) {
  const Instant next = context.clock.now() + pause;
  if (is_final(error) || next >= context.call.deadline) co_return false;
  if (pause == aws_pause_min) context.progress("asking again: " + error.message);
  pause = next_pause(context, pause);
  co_await pause_until(context, next);
  co_return true;
}

Task<Status> settle(const Settling& how, Context& context, Status last) {
  Duration pause = aws_pause_min;
  Instant told = context.clock.now();
  while (true) {
    const auto seen = co_await how.look();
    if (last && seen && seen->empty()) co_return Status{};
    if (!seen && is_final(seen.error())) co_return std::unexpected(seen.error());
    if (!last || (seen && context.clock.now() - told >= aws_stale_max)) {
      last = co_await how.change();
      told = context.clock.now();
      if (!last && is_final(last.error())) co_return last;
    }
    if (context.call.cancellation.requested()) {
      co_return numbered(Code::cancelled, 0, "the activation was called off");
    }
    const Instant next = context.clock.now() + pause;
    if (next >= context.call.deadline) {
      if (!last) co_return last;
      if (!seen) co_return std::unexpected(seen.error());
      co_return numbered(Code::conflict, how.number, *seen);
    }
    pause = next_pause(context, pause);
    co_await pause_until(context, next);
  }
}

Task<Result<AwsInterface>> own_interface(const std::string& eni, Duration limit, Context& context) {
  const auto identity = co_await context.aws.identity(aws_call(limit, context));
  if (!identity) {
    co_return std::unexpected(
        aws_error(identity.error(), "The metadata service did not say who this instance is"));
  }
  const auto& interfaces = identity->interfaces;
  const auto own = std::ranges::find_if(
      interfaces, [&](const AwsInterface& each) { return eni.empty() || each.id == eni; });
  if (own != interfaces.end()) co_return *own;
  co_return numbered(Code::not_found, number_aws_failed,
                     fmt::format("The networkInterface ID '{}' does not exist on instance {}. "
                                 "Correct \"eni_id\" for node {}.",
                                 eni, identity->instance, context.node));
}

Task<Result<std::string>> own_eni_patiently(const std::string& configured, Duration limit,
                                            Context& context) {
  if (!configured.empty()) co_return configured;
  Duration pause = aws_pause_min;
  while (true) {
    const auto own = co_await own_interface("", limit, context);
    if (own) co_return own->id;
    const bool again = co_await worth_another_try(context, own.error(), pause);
    if (!again) co_return std::unexpected(own.error());
  }
}

Task<Result<std::string>> kernel_interface(const std::string& eni, const std::string& mac,
                                           Duration limit, Context& context) {
  std::string known = mac;
  Duration pause = aws_pause_min;
  while (known.empty()) {
    const auto told = co_await mac_of(eni, limit, context);
    if (told) {
      known = *told;
      break;
    }
    const bool again = co_await worth_another_try(context, told.error(), pause);
    if (!again) co_return std::unexpected(told.error());
  }
  co_return co_await context.host.interface_with_mac(known, context.call);
}

Health unknown_health(const Error& error) {
  return {Verdict::unknown, error.number, error.message};
}

}  // namespace mainstay
