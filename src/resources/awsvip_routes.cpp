// Reading, judging and replacing the routes of a virtual IP address.
#include "resources/awsvip.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/ip_address.h"

namespace mainstay::awsvip {
namespace {

std::string holder_of(const AwsRoute& route) {
  if (!route.eni.empty()) return route.eni;
  return route.other_target.empty() ? "nothing" : route.other_target;
}

const AwsRoute* vip_route(const AwsRouteTable& table, const std::string& destination) {
  const auto found = std::ranges::find_if(table.routes, [&](const AwsRoute& route) {
    return same_cidr(route.destination, destination);
  });
  return found == table.routes.end() ? nullptr : &*found;
}

Task<Status> replace_one(const Config& config, Context& context, const Place& place,
                         const Wrong& wrong) {
  const Status replaced = co_await context.aws.replace_route(
      wrong.table.id, wrong.destination, place.eni, aws_call(config.aws_timeout, context));
  if (replaced) {
    context.progress(
        fmt::format("route table {} sends {} to {} now", label(wrong.table), config.ip, place.eni));
    co_return Status{};
  }
  co_return std::unexpected(
      aws_error(replaced.error(), fmt::format("Pointing {} of route table {} at {}", config.ip,
                                              label(wrong.table), place.eni)));
}

// The worst of several results: a final error before one that may pass.
Status worst(const std::vector<Status>& results) {
  Status result;
  for (const Status& each : results) {
    if (!each && (result || (is_final(each.error()) && !is_final(result.error())))) result = each;
  }
  return result;
}

bool names(const std::vector<Wrong>& open, const std::string& table) {
  return std::ranges::any_of(open, [&](const Wrong& each) { return each.table.id == table; });
}

Error still_wrong(const Config& config, const Place& place, const std::vector<Wrong>& wrong,
                  const Status& last) {
  if (!last) return last.error();
  return {Code::conflict,
          fmt::format("The routing for VIP was changed. Route table {} sends {} to {}, not to {}, "
                      "although it was replaced. Check whether another cluster uses this address.",
                      label(wrong.front().table), config.ip, wrong.front().holder, place.eni),
          number_changed};
}

}  // namespace

std::string label(const AwsRouteTable& table) {
  return table.name.empty() ? table.id : fmt::format("{} ({})", table.id, table.name);
}

std::string host_route(const Config& config) {
  const auto ip = ip_number(config.ip);
  return fmt::format("{}/{}", config.ip, ip ? ip->bits() : 32);
}

Task<Status> read_tables(const Config& config, Context& context, const std::string& vpc,
                         std::vector<AwsRouteTable>& tables) {
  auto read = co_await context.aws.route_tables(vpc, aws_call(config.aws_timeout, context));
  if (!read) co_return std::unexpected(aws_error(read.error(), "Describing the route tables"));
  tables = std::move(*read);
  co_return Status{};
}

Task<Status> read_tables_patiently(const Config& config, Context& context, const std::string& vpc,
                                   std::vector<AwsRouteTable>& tables) {
  Duration pause = aws_pause_min;
  while (true) {
    const Status read = co_await read_tables(config, context, vpc, tables);
    if (read) co_return read;
    const bool again = co_await worth_another_try(context, read.error(), pause);
    if (!again) co_return read;
  }
}

Task<Status> check_ranges(const Config& config, Context& context, const std::string& vpc) {
  const auto cidrs = co_await context.aws.vpc_cidrs(vpc, advice_call(config.aws_timeout, context));
  if (!cidrs && cidrs.error().code == Code::not_found) {
    co_return std::unexpected(aws_error(cidrs.error(), "Describing the VPC"));
  }
  if (!cidrs) {
    context.warn(fmt::format("{}: could not check that {} lies outside {}: {}", context.resource,
                             config.ip, vpc, cidrs.error().message));
    co_return Status{};
  }
  const auto ip = ip_number(config.ip);
  for (const std::string& text : *cidrs) {
    const auto block = cidr_block(text);
    if (!block || !ip || !contains(*block, *ip)) continue;
    co_return numbered(Code::invalid, number_in_vpc,
                       fmt::format("The VIP address belongs to a VPC subnet. {} lies in {} of {}. "
                                   "Choose an address outside all ranges of the VPC.",
                                   config.ip, text, vpc));
  }
  co_return Status{};
}

std::vector<Wrong> tables_to_replace(const Config& config, const Place& place,
                                     const std::vector<AwsRouteTable>& tables, Which which) {
  std::vector<Wrong> result;
  for (const AwsRouteTable& table : tables) {
    const AwsRoute* route = vip_route(table, host_route(config));
    if (route == nullptr) continue;
    if (which == Which::all || route->eni != place.eni)
      result.push_back({table, route->destination, holder_of(*route)});
  }
  return result;
}

bool any_route(const Config& config, const std::vector<AwsRouteTable>& tables) {
  return std::ranges::any_of(tables, [&config](const AwsRouteTable& table) {
    return vip_route(table, host_route(config)) != nullptr;
  });
}

std::unexpected<Error> no_route(const Config& config, const Place& place) {
  return numbered(Code::not_found, number_no_route,
                  fmt::format("There is no route for the VIP address. No route table of {} holds a "
                              "route for {}. Add it, with {} as its target, to every route table "
                              "whose subnets need the VIP.",
                              place.vpc, host_route(config), place.eni));
}

Task<Status> replace_all(const Config& config, Context& context, const Place& place,
                         std::vector<Wrong>& open) {
  std::vector<Task<Status>> tasks;
  for (const Wrong& each : open) tasks.push_back(replace_one(config, context, place, each));
  const std::vector<Status> results = co_await when_all(std::move(tasks));
  std::vector<Wrong> left;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) left.push_back(std::move(open[i]));
  }
  open = std::move(left);
  co_return worst(results);
}

Task<Status> settle(const Config& config, Context& context, const Place& place,
                    std::vector<Wrong> open, Status last) {
  Duration pause = aws_pause_min;
  Instant told = context.clock.now();
  while (true) {
    std::vector<AwsRouteTable> tables;
    const Status read = co_await read_tables(config, context, place.vpc, tables);
    std::vector<Wrong> wrong;
    if (read) {
      wrong = tables_to_replace(config, place, tables, Which::wrong);
      if (!any_route(config, tables)) co_return no_route(config, place);
      if (wrong.empty() && open.empty()) co_return Status{};
    } else if (is_final(read.error())) {
      co_return read;
    }
    const bool tell_again = !last || context.clock.now() - told >= aws_stale_max;
    if (tell_again && !(wrong.empty() && open.empty())) {
      for (const Wrong& each : wrong) {
        if (!names(open, each.table.id)) open.push_back(each);
      }
      last = co_await replace_all(config, context, place, open);
      told = context.clock.now();
      if (!last && is_final(last.error())) co_return last;
      if (read && wrong.empty() && open.empty()) co_return Status{};
    }
    if (context.call.cancellation.requested()) {
      co_return numbered(Code::cancelled, 0, "the activation was called off");
    }
    const Instant next = context.clock.now() + pause;
    if (next >= context.call.deadline) {
      if (!read && last) co_return read;
      co_return std::unexpected(still_wrong(config, place, wrong, last));
    }
    pause = next_pause(context, pause);
    co_await pause_until(context, next);
  }
}

bool has_route(const Config& config, const AwsRouteTable& table) {
  return vip_route(table, host_route(config)) != nullptr;
}

}  // namespace mainstay::awsvip
