// The fake EC2 and Route 53 of ports/testing.h.
#include "ports/testing.h"

namespace mainstay::testing {

FakeAws::~FakeAws() = default;

AwsRoute& FakeAws::route(const std::string& table, const std::string& destination) {
  for (auto& each : tables) {
    for (auto& found : each.routes) {
      if (each.id == table && found.destination == destination) return found;
    }
  }
  MAINSTAY_CHECK(false && "no such route");
  return tables.front().routes.front();
}

std::size_t FakeAws::count(const std::string& verb) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      calls, [&verb](const std::string& call) { return call.starts_with(verb); }));
}

Task<Result<AwsIdentity>> FakeAws::identity(Call call) {
  const Status answered = co_await answer("identity", "", call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  co_return self;
}

Task<Result<std::vector<std::string>>> FakeAws::vpc_cidrs(std::string vpc, Call call) {
  const Status answered = co_await answer("vpc_cidrs", vpc, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  co_return cidrs;
}

Task<Result<std::vector<AwsRouteTable>>> FakeAws::route_tables(std::string vpc, Call call) {
  const Status answered = co_await answer("route_tables", vpc, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  if (stale_reads > 0) {
    --stale_reads;
    co_return stale_tables;
  }
  co_return tables;
}

Task<Result<AwsInterface>> FakeAws::network_interface(std::string eni, Call call) {
  const Status answered = co_await answer("network_interface", eni, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  const auto found = interfaces.find(eni);
  if (found == interfaces.end()) {
    co_return failure(Code::not_found, "The networkInterface ID '" + eni + "' does not exist");
  }
  co_return found->second;
}

Task<Status> FakeAws::replace_route(std::string table, std::string destination, std::string eni,
                                    Call call) {
  std::function<void()> effect = [this, table, destination, eni] {
    route(table, destination) = {destination, eni, "", true};
  };
  co_return co_await answer("replace_route", table, call, effect);
}

Task<Result<AwsAddress>> FakeAws::address(std::string allocation, Call call) {
  const Status answered = co_await answer("address", allocation, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  if (stale_address_reads > 0) {
    --stale_address_reads;
    co_return stale_address;
  }
  const auto found = addresses.find(allocation);
  if (found != addresses.end()) co_return found->second;
  co_return failure(Code::not_found, "The allocation ID '" + allocation + "' does not exist");
}

Task<Status> FakeAws::associate_address(std::string allocation, std::string eni,
                                        std::string private_ip, Call call) {
  const std::function<void()> effect = [this, allocation, eni, private_ip] {
    AwsAddress& address = addresses[allocation];
    address.association = "eipassoc-" + std::to_string(++last_association_);
    address.eni = eni;
    address.private_ip = private_ip;
  };
  co_return co_await answer("associate_address", allocation, call, effect);
}

Task<Status> FakeAws::disassociate_address(std::string association, Call call) {
  bool known = false;
  for (const auto& [id, address] : addresses) known |= address.association == association;
  const std::function<void()> effect = [this, association] {
    for (auto& [id, address] : addresses) {
      if (address.association != association) continue;
      address.association.clear();
      address.eni.clear();
      address.private_ip.clear();
    }
  };
  const Status answered = co_await answer("disassociate_address", association, call, effect);
  if (!answered || known) co_return answered;
  co_return failure(Code::not_found, "The association ID '" + association + "' does not exist");
}

Task<Status> FakeAws::assign_private_ip(std::string eni, std::string address, Call call) {
  const std::function<void()> effect = [this, eni, address] {
    for (auto& [id, interface] : interfaces) std::erase(interface.secondary_ips, address);
    interfaces[eni].secondary_ips.push_back(address);
  };
  co_return co_await answer("assign_private_ip", eni, call, effect);
}

Task<Result<AwsHostedZone>> FakeAws::hosted_zone(std::string id, Call call) {
  const Status answered = co_await answer("hosted_zone", id, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  const auto found = hosted_zones.find(id);
  if (found != hosted_zones.end()) co_return found->second;
  co_return std::unexpected(no_zone(id));
}

Task<Result<std::optional<AwsRecord>>> FakeAws::record(std::string zone, std::string name,
                                                       RecordType type, Call call) {
  const Status answered = co_await answer("record", name, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  if (!hosted_zones.contains(zone)) co_return std::unexpected(no_zone(zone));
  const auto found = records.find(name);
  if (found != records.end() && found->second.type == type) {
    co_return std::optional<AwsRecord>(found->second);
  }
  co_return std::optional<AwsRecord>();
}

Task<Result<std::string>> FakeAws::change_record(RecordChange change, AwsRecord record, Call call) {
  const bool upsert = change == RecordChange::upsert;
  const bool known = hosted_zones.contains(record.zone);
  const bool exact = records.contains(record.name) && records[record.name] == record;
  const std::function<void()> effect = [this, upsert, known, exact, record] {
    if (upsert && known) records[record.name] = record;
    if (!upsert && exact) records.erase(record.name);
  };
  const Status answered =
      co_await answer(upsert ? "upsert_record" : "remove_record", record.name, call, effect);
  if (!answered) co_return std::unexpected(answered.error());
  if (!known) co_return std::unexpected(no_zone(record.zone));
  if (!upsert && !exact) co_return failure(Code::not_found, "it was not found");
  co_return "C" + std::to_string(++last_change_);
}

Task<Result<bool>> FakeAws::change_in_sync(std::string change, Call call) {
  const Status answered = co_await answer("change_in_sync", change, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  co_return --syncs_after < 0;
}

Task<Result<std::vector<AwsNotice>>> FakeAws::notices(Call call) {
  const Status answered = co_await answer("notices", "", call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  co_return announced;
}

Task<Result<AwsZone>> FakeAws::zone(std::string name, Call call) {
  const Status answered = co_await answer("zone", name, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  const auto found = zones.find(name);
  if (found != zones.end()) co_return found->second;
  co_return failure(Code::not_found, "Invalid availability zone: [" + name + "]");
}

Task<Result<AwsInstance>> FakeAws::instance(std::string id, Call call) {
  const Status answered = co_await answer("instance", id, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  if (auto& script = readings[id]; !script.empty()) {
    AwsInstance reading = script.front();
    if (script.size() > 1) script.pop_front();
    co_return reading;
  }
  const auto found = instances.find(id);
  if (found != instances.end()) co_return found->second;
  co_return failure(Code::not_found, "The instance ID '" + id + "' does not exist");
}

Task<Result<AwsInstance>> FakeAws::instance_with_address(std::string vpc, std::string address,
                                                         Call call) {
  const Status answered = co_await answer("instance_with_address", address, call, [] {});
  if (!answered) co_return std::unexpected(answered.error());
  for (const auto& [id, found] : instances) {
    if (std::ranges::find(found.addresses, address) != found.addresses.end()) co_return found;
  }
  co_return failure(Code::not_found, "no instance in " + vpc + " has the address " + address);
}

Task<Status> FakeAws::stop_instance(std::string id, Call call) {
  const auto refused = std::make_shared<bool>();
  const std::function<void()> effect = [this, id, refused] {
    *refused = protected_instances.contains(id);
    if (!*refused) instances[id].state = after_stop;
  };
  const Status answered = co_await answer("stop_instance", id, call, effect);
  if (!answered || !*refused) co_return answered;
  co_return failure(Code::conflict, "The instance '" + id + "' may not be stopped.");
}

Task<Status> FakeAws::protect_instance(std::string id, bool on, Call call) {
  const std::function<void()> effect = [this, id, on] {
    protected_instances.erase(id);
    if (on) protected_instances.insert(id);
  };
  co_return co_await answer(on ? "protect_instance" : "unprotect_instance", id, call, effect);
}

Task<Status> FakeAws::start_instance(std::string id, Call call) {
  const std::function<void()> effect = [this, id] { instances[id].state = InstanceState::pending; };
  co_return co_await answer("start_instance", id, call, effect);
}

Task<Status> FakeAws::may_change_instance(InstanceChange change, std::string id, Call call) {
  const std::string verb = change == InstanceChange::stop    ? "may_stop"
                           : change == InstanceChange::start ? "may_start"
                                                             : "may_protect";
  co_return co_await answer(verb, id, call, [] {});
}

Error FakeAws::no_zone(const std::string& id) {
  return {Code::not_found, "No hosted zone found with ID: " + id};
}

std::optional<Fault> FakeAws::next_fault(const std::string& verb, const std::string& argument) {
  for (const std::string& key : {verb + " " + argument, verb}) {
    auto& queue = faults[key];
    if (queue.empty()) continue;
    Fault fault = queue.front();
    queue.pop_front();
    return fault;
  }
  return std::nullopt;
}

Task<Status> FakeAws::answer(std::string verb, std::string argument, Call call,
                             std::function<void()> effect) {
  calls.push_back(argument.empty() ? verb : verb + " " + argument);
  const auto fault = next_fault(verb, argument);
  in_flight_max = std::max(in_flight_max, ++in_flight);
  const Duration time = fault && fault->silent ? Duration(24h) : latency;
  const Woken woken = co_await wait(clock_, time, call);
  --in_flight;
  if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
  if (!fault || fault->when == Fault::When::after) effect();
  if (woken == Woken::deadline) {
    static const std::set<std::string> writing = {
        "protect_instance", "unprotect_instance", "replace_route",        "stop_instance",
        "start_instance",   "associate_address",  "disassociate_address", "assign_private_ip",
        "upsert_record",    "remove_record"};
    const bool writes = writing.contains(verb);
    co_return failure(writes ? Code::outcome_unknown : Code::timed_out, "no answer in time");
  }
  if (fault) co_return std::unexpected(fault->error);
  co_return Status{};
}

}  // namespace mainstay::testing
