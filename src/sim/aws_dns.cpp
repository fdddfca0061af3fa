// Route 53, name resolution and notices as one machine meets them.
#include "sim/aws_call.h"

namespace mainstay::sim {
namespace {

// How long Route 53 takes to tell all its name servers.
constexpr Duration sync_time = 20s;

Error no_zone(const std::string& id) {
  return {Code::not_found, "No hosted zone found with ID: " + id};
}

// There is one zone in this world, whatever it is called.
Result<std::string> apply(World& world, std::size_t self, RecordChange change,
                          const AwsRecord& record) {
  Region& region = world.region();
  const WorldTime now = world.now();
  const auto holding = region.holding(record.name, now);
  if (!holding) return std::unexpected(no_zone(record.zone));
  if (change == RecordChange::remove && record.addresses != std::vector{holding->target}) {
    return failure(Code::not_found, record.name + " was not found");
  }
  if (change == RecordChange::remove) world.saw({Sight::lets_go, self, record.name});
  region.give(record.name, change == RecordChange::upsert ? record.addresses.front() : "");
  return region.holding(record.name, now)->number;
}

}  // namespace

Task<Result<AwsHostedZone>> AwsPort::hosted_zone(std::string id, Call call) {
  auto done = machine_.pending<AwsHostedZone>(call, Code::timed_out, "GetHostedZone");
  ask<AwsHostedZone>(machine_, "route53:GetHostedZone", done, [id]() -> Result<AwsHostedZone> {
    return AwsHostedZone{
        .id = id, .name = "example.com.", .is_private = false, .name_servers = {"ns1", "ns2"}};
  });
  co_return co_await done;
}

Task<Result<std::optional<AwsRecord>>> AwsPort::record(std::string zone, std::string name,
                                                       RecordType type, Call call) {
  using Found = std::optional<AwsRecord>;
  auto done = machine_.pending<Found>(call, Code::timed_out, "ListResourceRecordSets");
  World& world = machine_.world();
  ask<Found>(machine_, "route53:ListResourceRecordSets", done,
             [&world, zone, name, type]() -> Result<Found> {
               const auto holding = world.region().holding(name, world.now());
               if (!holding) return std::unexpected(no_zone(zone));
               if (holding->target.empty()) return Found();
               return Found(AwsRecord{zone, name, type, {holding->target}, 5s});
             });
  co_return co_await done;
}

Task<Result<std::string>> AwsPort::change_record(RecordChange change, AwsRecord record, Call call) {
  auto done =
      machine_.pending<std::string>(call, Code::outcome_unknown, "ChangeResourceRecordSets");
  World& world = machine_.world();
  const std::size_t self = machine_.index();
  ask<std::string>(machine_, "route53:ChangeResourceRecordSets", done,
                   [&world, self, change, record] { return apply(world, self, change, record); });
  co_return co_await done;
}

Task<Result<bool>> AwsPort::change_in_sync(std::string change, Call call) {
  auto done = machine_.pending<bool>(call, Code::timed_out, "GetChange");
  World& world = machine_.world();
  ask<bool>(machine_, "route53:GetChange", done, [&world, change]() -> Result<bool> {
    const std::string name = change.substr(0, change.rfind('-'));
    const auto changed = world.region().changed_at(name);
    if (!changed.contains(name)) return failure(Code::not_found, "no change " + change);
    return world.now() >= changed.at(name) + sync_time;
  });
  co_return co_await done;
}

Task<Result<std::vector<AwsNotice>>> AwsPort::notices(Call call) {
  auto done = machine_.pending<std::vector<AwsNotice>>(call, Code::timed_out, "instance metadata");
  if (machine_.conditions().metadata_cut) co_return co_await done;
  const bool announced = machine_.conditions().announced;
  machine_.on_daemon_after(machine_.random().between(200us, 2ms), [done, announced] {
    std::vector<AwsNotice> notices;
    if (announced) {
      notices.push_back({NoticeKind::spot_interruption, "terminate", std::nullopt});
    }
    done.set(std::move(notices));
  });
  co_return co_await done;
}

Task<Result<std::vector<IpAddress>>> ResolverPort::look_up(std::string name, Duration age_max,
                                                           Call call) {
  auto done = machine_.pending<std::vector<IpAddress>>(call, Code::timed_out, "DNS");
  if (machine_.conditions().outside_cut) co_return co_await done;
  const Duration age = machine_.random().between(Duration::zero(), age_max);
  World& world = machine_.world();
  machine_.on_daemon_after(machine_.random().between(500us, 20ms), [&world, done, name, age] {
    const auto holding = world.region().holding(name, world.now() - age);
    if (holding && !holding->target.empty()) {
      done.set(std::vector<IpAddress>{holding->target});
    } else {
      done.set(failure(Code::not_found, "the name " + name + " does not exist"));
    }
  });
  co_return co_await done;
}

Task<Result<std::vector<IpAddress>>> ResolverPort::resolve(std::string name, IpFamily family,
                                                           Call call) {
  (void)family;
  co_return co_await look_up(std::move(name), sync_time + 5s, std::move(call));
}

Task<Result<std::vector<IpAddress>>> ResolverPort::ask(std::string server, std::string name,
                                                       IpFamily family, Call call) {
  (void)server;
  (void)family;
  co_return co_await look_up(std::move(name), sync_time, std::move(call));
}

// Its zones are private: there is nobody who could delegate them.
Task<Result<std::vector<std::string>>> ResolverPort::name_servers(std::string domain, Call) {
  co_return failure(Code::not_found, "the name " + domain + " has no name server");
}

}  // namespace mainstay::sim
