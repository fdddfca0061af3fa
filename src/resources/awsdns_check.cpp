// Whether clients find the group by its name.
//
// The zone's own name servers are asked first: that costs nobody's API calls. Only if they do not
// say what they should is Route 53 asked what it holds. The system's resolver comes last, since it
// may remember what was true before.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/ip_address.h"
#include "ports/delegation.h"
#include "resources/awsdns.h"

namespace mainstay::awsdns {
namespace {

// Where every VPC has its resolver, which knows the VPC's private zones.
constexpr const char* vpc_resolver = "169.254.169.253";
constexpr Duration server_limit = 2s;
constexpr std::size_t servers_max = 2;

IpFamily family_of(const Config& config) {
  return record_type(config) == RecordType::a ? IpFamily::v4 : IpFamily::v6;
}

// What one look at the name's addresses came to.
struct Look {
  enum class Kind { ours, other, absent, unanswered };
  Kind kind = Kind::unanswered;
  std::string fact;
};

Look look_at(const Config& config, const std::string& who,
             const Result<std::vector<IpAddress>>& found) {
  if (!found) {
    const bool answered = found.error().code == Code::not_found;
    return {answered ? Look::Kind::absent : Look::Kind::unanswered,
            fmt::format("{}: {}.", who, found.error().message)};
  }
  if (is_ours(config, *found)) return {Look::Kind::ours, ""};
  return {Look::Kind::other, fmt::format("{} says that {} has the address {}, not {}.", who,
                                         config.name, listed(*found), config.ip)};
}

// A zone's name servers change never; it is asked for once.
Task<Status> find_zone(const Config& config, Context& context) {
  if (context.kept.zone) co_return Status{};
  const auto zone =
      co_await context.aws.hosted_zone(config.zone_id, aws_call(config.aws_timeout, context));
  if (!zone) {
    co_return std::unexpected(
        aws_error(zone.error(), "Describing the hosted zone " + config.zone_id, failed));
  }
  context.kept.zone = *zone;
  co_return Status{};
}

Task<Look> ask_servers(const Config& config, Context& context) {
  std::vector<std::string> servers = config.name_servers;
  if (servers.empty()) {
    const Status known = co_await find_zone(config, context);
    if (!known) {
      Look look{Look::Kind::unanswered, known.error().message};
      co_return look;
    }
    servers = context.kept.zone->name_servers;
    if (context.kept.zone->is_private) servers = {vpc_resolver};
  }
  Look look{Look::Kind::unanswered, "The zone has no name servers."};
  for (std::size_t i = 0; i < std::min(servers.size(), servers_max); ++i) {
    const auto found = co_await context.resolver.ask(servers[i], config.name, family_of(config),
                                                     aws_call(server_limit, context));
    look = look_at(config, "name server " + servers[i], found);
    if (look.kind != Look::Kind::unanswered) break;
  }
  co_return look;
}

Task<Health> check_record(const Config& config, Context& context) {
  const auto record = co_await context.aws.record(config.zone_id, config.name, record_type(config),
                                                  aws_call(config.aws_timeout, context));
  if (!record) {
    co_return unknown_health(aws_error(
        record.error(), fmt::format("Reading {} in hosted zone {}", config.name, config.zone_id),
        failed));
  }
  if (!*record) {
    co_return Health{
        Verdict::unhealthy, number_missing,
        fmt::format("The resource record set does not exist in Amazon Route 53. Hosted zone {} has "
                    "no {}.",
                    config.zone_id, config.name)};
  }
  if (is_ours(config, (*record)->addresses)) co_return healthy();
  co_return Health{
      Verdict::unhealthy, number_different,
      fmt::format("The different IP address from the setting value is registered in "
                  "the resource record set. {} in hosted zone {} has {}, not {}.",
                  config.name, config.zone_id, listed((*record)->addresses), config.ip)};
}

Health not_resolved(const Look& look) {
  if (look.kind == Look::Kind::other) {
    return {Verdict::unhealthy, number_resolved_differently,
            "The IP address obtained by the DNS name resolution is different from the setting "
            "value. " +
                look.fact};
  }
  const bool answered = look.kind == Look::Kind::absent;
  return {answered ? Verdict::unhealthy : Verdict::unknown, number_not_resolved,
          "Failed to check name resolution. " + look.fact};
}

// What the zone's own servers say and the system does not: of a public zone, it may be that nobody
// is sent to those servers. "" if that cannot be told, or is as it should be.
Task<std::string> delegation_words(const Config& config, Context& context) {
  const Status known = co_await find_zone(config, context);
  if (!known || context.kept.zone->is_private) co_return std::string();
  const AwsHostedZone& zone = *context.kept.zone;
  const auto delegated =
      co_await context.resolver.name_servers(zone.name, aws_call(config.aws_timeout, context));
  const std::string fact = delegation_fault(zone, delegated);
  if (fact.empty()) co_return fact;
  co_return fmt::format(" By the DNS, {}. {}.", fact, delegation_remedy(zone));
}

// Until then servers may not know the change yet, and resolvers may remember what was before it.
bool is_settling(const Config& config, const Context& context) {
  const auto& changed = context.kept.changed;
  return changed && context.clock.now() < *changed + config.settle + config.ttl;
}

}  // namespace

std::string listed(const std::vector<std::string>& addresses) {
  return addresses.empty() ? "none" : fmt::format("{}", fmt::join(addresses, ", "));
}

bool is_ours(const Config& config, const std::vector<std::string>& addresses) {
  return addresses.size() == 1 && same_ip(addresses.front(), config.ip);
}

Task<Health> check(const Config& config, Context& context) {
  if (!config.check_name_resolution) co_return co_await check_record(config, context);
  const Look zone = co_await ask_servers(config, context);
  Health record = healthy();
  if (zone.kind != Look::Kind::ours) record = co_await check_record(config, context);
  if (record.verdict == Verdict::unhealthy) co_return record;
  if (is_settling(config, context)) co_return record;
  const bool told = zone.kind == Look::Kind::other || zone.kind == Look::Kind::absent;
  if (told) co_return not_resolved(zone);
  const auto found = co_await context.resolver.resolve(config.name, family_of(config),
                                                       aws_call(config.aws_timeout, context));
  const Look system = look_at(config, "this node's resolver", found);
  if (system.kind == Look::Kind::ours) co_return record;
  Health health = not_resolved(system);
  if (zone.kind == Look::Kind::ours) {
    const std::string words = co_await delegation_words(config, context);
    health.message += words;
  }
  co_return health;
}

}  // namespace mainstay::awsdns
