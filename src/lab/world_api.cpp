// A call of the API on its way: struck by faults, authenticated, permitted, carried out, recorded.
#include <fmt/format.h>

#include <chrono>

#include "lab/api_parameters.h"
#include "lab/api_services.h"
#include "lab/world.h"

namespace mainstay::lab {

namespace {

std::vector<std::pair<std::string, std::string>> query_parameters(const Query& query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const char* name :
       {"DryRun", "RouteTableId", "DestinationCidrBlock", "NetworkInterfaceId", "GatewayId",
        "InstanceId", "InstanceId.1", "AllocationId", "AssociationId", "SourceDestCheck.Value",
        "Force", "SkipOsShutdown", "PrivateIpAddress.1", "AllowReassignment", "AllowReassociation",
        "RoleArn"}) {
    if (query.has(name)) out.emplace_back(name, query.value(name));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> details_of(const Change& change) {
  if (const auto* set = std::get_if<SetRoute>(&change)) {
    const Route& route = set->route;
    return {{"table", set->table_id},
            {"destination", to_text(route.destination)},
            {"target", route.eni_id.empty() ? route.gateway_id : route.eni_id}};
  }
  if (const auto* gone = std::get_if<RemoveRoute>(&change)) {
    return {{"table", gone->table_id}, {"destination", to_text(gone->destination)}, {"target", ""}};
  }
  if (const auto* map = std::get_if<MapAddress>(&change)) {
    return {{"public", to_text(map->public_ip)}, {"target", to_text(map->private_ip)}};
  }
  if (const auto* set = std::get_if<SetPrivate>(&change)) {
    return {{"private", to_text(set->address)}, {"target", set->eni_id}};
  }
  return {};
}

// What a policy is asked about; who somebody is, everybody may ask.
bool needs_permission(Service service, const std::string& action) {
  switch (service) {
    case Service::ec2:
      return ec2_action_known(action);
    case Service::dynamodb:
      return DynamoDb::knows(action);
    case Service::route53:
      return !action.empty();
    case Service::sts:
      return action == "AssumeRole" || action == "DecodeAuthorizationMessage";
    case Service::iam:
      return true;
  }
  return false;
}

// Does the call name ids or filters?
bool is_narrowed(const Query& query) {
  return std::ranges::any_of(query.names(), [](const std::string& name) {
    return name.ends_with(".1") || name.starts_with("Filter.");
  });
}

std::string make_request_id(Random& random) {
  const std::uint64_t a = random.next();
  const std::uint64_t b = random.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xffffU,
                     a & 0xfffU, 0x8000U | ((b >> 48U) & 0x3fffU), b & 0xffffffffffffULL);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> World::parameters_of(const Call& call) {
  if (call.service == Service::dynamodb) return dynamodb_details(call.request.body);
  if (call.service == Service::route53) return {{"Id", route53_id(call.request)}};
  return query_parameters(call.query);
}

bool World::region_fits(Service service, const std::string& region) const {
  if (is_global(service)) return region == "us-east-1";
  return region == model_.region || (service == Service::sts && region == "us-east-1");
}

// The name of the instance with that address, or empty.
std::string World::caller_at(const std::string& peer) const {
  for (const Eni& eni : model_.enis) {
    for (const Ipv4 address : eni.addresses()) {
      if (to_text(address) != peer && to_text(public_address_of(model_, eni, address)) != peer)
        continue;
      return find_id(model_.instances, eni.instance_id)->name;
    }
  }
  return {};
}

void World::admit(Call& call) {
  const std::lock_guard lock(mutex_);
  call.id = make_request_id(random_);
  call.now_ms = wall_clock_ms() + clock_skew_ms(api_faults_);
  const auto signature = verify(
      call.request, [this](std::string_view key) { return accounts_->find(key); }, call.now_ms);
  if (call.service == Service::sts && call.action == "AssumeRoleWithWebIdentity") {
    call.principal = {.arn = "anonymous", .instance = caller_at(call.request.peer)};
  } else if (signature) {
    call.known = true;
    call.principal = accounts_->principal(signature->access_key);
  } else {
    call.error = signature.error();
  }
  call.decision =
      decide(api_faults_, full_action(call.service, call.action), call.principal.instance, random_);
  if (!call.error && call.service != Service::dynamodb &&
      !limits_.take(full_action(call.service, call.action), is_narrowed(call.query), call.now_ms)) {
    call.error = AwsError{503, "RequestLimitExceeded", "Request limit exceeded."};
  }
  const bool wrong_service = signature && signature->scope.service != name_of(call.service);
  const bool wrong_region = signature && !region_fits(call.service, signature->scope.region);
  if (wrong_service || wrong_region) {
    call.error = AwsError{403, "SignatureDoesNotMatch",
                          "Credential should be scoped to a valid region and service."};
  }
}

std::shared_ptr<const Model> World::seen_after(std::int64_t stale_ms) const {
  const std::int64_t then = monotonic_ns() - stale_ms * 1'000'000;
  std::shared_ptr<const Model> seen = history_.front().second;
  for (const auto& [since, model] : history_) {
    if (since <= then) seen = model;
  }
  return seen;
}

Status World::apply_changes(const std::vector<Change>& all, const std::string& cause) {
  if (auto done = network_->apply(all); !done) return done;
  const std::int64_t applied_ns = monotonic_ns();
  for (const Change& change : all) {
    events_.add(Event{.monotonic_ns = applied_ns,
                      .kind = "route",
                      .text = fmt::format("{} ({})", to_text(change), cause),
                      .details = details_of(change)});
  }
  return {};
}

// Public addresses take a moment, so that the answer to the call that moves them still finds its
// way; then all of them are elsewhere at once.
void World::apply_later(const std::vector<Change>& all, const std::string& cause) {
  if (all.empty()) return;
  const bool taken = later_.after(public_delay_, [this, all, cause] {
    if (auto done = apply_changes(all, cause); !done)
      events_.add("lab", "the kernel refused a change: " + done.error().message);
  });
  if (!taken) events_.add("lab", "a change was dropped, there were too many: " + to_text(all[0]));
}

// The kernel first: if it refuses, nothing has changed and the caller is told so.
Status World::commit(Model next, const std::string& cause) {
  std::vector<Change> of_public_addresses;
  for (const Change& change : changes(model_, next)) {
    if (std::holds_alternative<MapAddress>(change) ||
        std::holds_alternative<UnmapAddress>(change)) {
      of_public_addresses.push_back(change);
    } else if (auto done = apply_changes({change}, cause); !done) {
      return done;
    }
  }
  apply_later(of_public_addresses, cause);
  model_ = std::move(next);
  // What is read may lag, but never goes back.
  std::int64_t seen_from_ns = monotonic_ns();
  if (read_lag_ms_ > 0) {
    seen_from_ns +=
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(read_lag_ms_) + 1)) *
        1'000'000;
  }
  if (!history_.empty()) seen_from_ns = std::max(seen_from_ns, history_.back().first);
  history_.emplace_back(seen_from_ns, std::make_shared<const Model>(model_));
  if (history_.size() > history_max) history_.pop_front();
  return {};
}

Ec2Outcome World::execute(const Call& call) {
  const bool changing = ec2_action_changes(call.action);
  const auto seen = changing ? nullptr : seen_after(call.decision.stale_ms);
  Ec2Outcome outcome =
      ec2_call(call.action, {call.query, changing ? model_ : *seen, wall_clock_ms()});
  if (outcome.content && outcome.next) {
    const std::string caller =
        call.principal.instance.empty() ? "administrator" : call.principal.instance;
    if (auto done = commit(*outcome.next, caller); !done) {
      events_.add("lab", "the kernel refused a change: " + done.error().message);
      return {std::unexpected(AwsError{500, "InternalError", "An internal error has occurred"})};
    }
  }
  return outcome;
}

// All services but EC2.
std::expected<std::string, AwsError> World::answer_locked(const Call& call) {
  switch (call.service) {
    case Service::sts:
      return answer_sts(call);
    case Service::dynamodb:
      return dynamodb_->call(call.action, call.request.body, call.now_ms);
    case Service::route53:
      return route53_->call(call.request, wall_clock_ms());
    case Service::iam:
      return answer_iam(call);
    case Service::ec2:
      break;
  }
  return std::unexpected(AwsError{500, "InternalError", "EC2 answers elsewhere"});
}

std::vector<InstanceOrder> World::perform_locked(Call& call) {
  if (needs_permission(call.service, call.action) && refuse_unpermitted(call)) return {};
  call.error = check_parameters(call.service, call.action, call.request, call.query);
  if (call.error) return {};
  if (call.service != Service::ec2) {
    auto answer = answer_locked(call);
    if (answer) {
      call.content = std::move(*answer);
    } else {
      call.error = answer.error();
    }
    return {};
  }
  Ec2Outcome outcome = execute(call);
  if (!outcome.content) {
    call.error = outcome.content.error();
    return {};
  }
  call.content = *outcome.content;
  return outcome.orders;
}

void World::perform(Call& call) {
  std::vector<InstanceOrder> orders;
  {
    const std::lock_guard lock(mutex_);
    orders = perform_locked(call);
  }
  for (const InstanceOrder& order : orders) carry_out(order);
}

HttpResponse World::on_api(const HttpRequest& request) {
  Call call{request, query_of(request)};
  call.service = service_of(request, call.query);
  call.action = action_of(call.service, request, call.query);
  admit(call);
  if (call.decision.delay_ms > 0) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(call.decision.delay_ms),
                      [this] { return ending_; });
  }
  if (!call.error) call.error = call.decision.error;
  if (!call.error && !call.decision.silence) perform(call);
  if (call.error) call.error = in_words_of(call.service, std::move(*call.error));
  record(call);
  return response_to(call);
}

HttpResponse World::response_to(const Call& call) {
  HttpResponse response =
      print_reply({call.service, call.action, call.id, call.content, call.error});
  // Clients correct their own clock by the Date of an answer.
  response.headers.emplace_back("Date", ec2::http_date(call.now_ms));
  if (call.decision.silence) response.delivery = HttpResponse::Delivery::silence;
  if (call.decision.hang_up_after) response.delivery = HttpResponse::Delivery::hang_up;
  return response;
}

void World::record(const Call& call) {
  std::string outcome = call.error ? call.error->code : "ok";
  if (call.decision.silence) outcome = "silence";
  if (call.decision.hang_up_after) outcome += ", reply lost";
  std::string caller = call.principal.instance;
  if (caller.empty()) caller = call.known ? "administrator" : call.request.peer;
  std::vector<std::pair<std::string, std::string>> details = parameters_of(call);
  details.emplace_back("service", name_of(call.service));
  details.emplace_back("status", std::to_string(call.error ? call.error->status : 200));
  details.emplace_back("from", call.request.peer);
  details.emplace_back("request", call.id);
  events_.add(Event{.kind = "api",
                    .text = fmt::format("{} by {}: {}", call.action, caller, outcome),
                    .action = call.action,
                    .caller = caller,
                    .outcome = outcome,
                    .duration_us = (monotonic_ns() - call.started_ns) / 1000,
                    .details = std::move(details)});
}

}  // namespace mainstay::lab
