// A call of the API on its way: struck by faults, authenticated, permitted, carried out, recorded.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "lab/world.h"
#include "lab/xml.h"

namespace mainstay::lab {

enum class Service { ec2, sts, dynamodb };

struct World::Call {
  const HttpRequest& request;
  Query query;
  Service service = Service::ec2;
  std::string action = {};
  std::string id = {};
  std::int64_t started_ns = monotonic_ns();
  std::int64_t now_ms = 0;  // by the endpoint's clock, which may be set wrong
  Principal principal = {};
  bool known = false;  // the signature is good
  ApiDecision decision = {};
  std::optional<AwsError> error = {};
  std::string content = {};
};

namespace {

Query query_of(const HttpRequest& request) {
  return Query(
      parse_form(request.method == "POST" ? std::string_view(request.body) : request.query()));
}

std::string sts_identity(const Principal& principal, const std::string& account) {
  return fmt::format(
      "<GetCallerIdentityResult><Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>"
      "</GetCallerIdentityResult>",
      principal.arn, principal.user_id, account);
}

std::string sts_response(const std::string& content, const std::string& id) {
  return fmt::format(
      "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">{}"
      "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></"
      "GetCallerIdentityResponse>\n",
      content, id);
}

std::string sts_error(const AwsError& error, const std::string& id) {
  return fmt::format(
      "<ErrorResponse "
      "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
      "<Code>{}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>\n",
      xml_escape(error.code), xml_escape(error.message), id);
}

// STS has its own words for some of the errors.
AwsError in_words_of_sts(AwsError error) {
  if (error.code == "AuthFailure") {
    return {403, "InvalidClientTokenId", "The security token included in the request is invalid."};
  }
  if (error.code == "RequestExpired" || error.code == "ExpiredToken") {
    return {403, "ExpiredToken", "The security token included in the request is expired"};
  }
  return error;
}

AwsError in_words_of_ec2(AwsError error) {
  if (error.code == "ExpiredToken") error.code = "RequestExpired";
  return error;
}

constexpr std::string_view dynamodb_target = "DynamoDB_20120810.";

Service service_of(const HttpRequest& request, const Query& query) {
  const std::string_view host = request.header("host");
  if (host.starts_with("dynamodb.") || request.header("x-amz-target").starts_with(dynamodb_target))
    return Service::dynamodb;
  const bool sts = query.value("Version") == "2011-06-15" || host.starts_with("sts.");
  return sts ? Service::sts : Service::ec2;
}

std::string action_of(Service service, const HttpRequest& request, const Query& query) {
  if (service != Service::dynamodb) return query.value("Action");
  const std::string_view target = request.header("x-amz-target");
  return std::string(target.substr(std::min(dynamodb_target.size(), target.size())));
}

AwsError in_words_of(Service service, AwsError error) {
  switch (service) {
    case Service::ec2:
      return in_words_of_ec2(std::move(error));
    case Service::sts:
      return in_words_of_sts(std::move(error));
    case Service::dynamodb:
      return in_words_of_dynamodb(std::move(error));
  }
  return error;
}

std::string_view name_of(Service service) {
  switch (service) {
    case Service::ec2:
      return "ec2";
    case Service::sts:
      return "sts";
    case Service::dynamodb:
      return "dynamodb";
  }
  return "";
}

std::string full_action(Service service, const std::string& action) {
  return fmt::format("{}:{}", name_of(service), action);
}

std::vector<std::pair<std::string, std::string>> parameters_of(const Query& query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const char* name : {"DryRun", "RouteTableId", "DestinationCidrBlock", "NetworkInterfaceId",
                           "GatewayId", "InstanceId", "InstanceId.1", "AllocationId",
                           "AssociationId", "SourceDestCheck.Value", "Force", "SkipOsShutdown"}) {
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
  return {};
}

std::string make_request_id(Random& random) {
  const std::uint64_t a = random.next();
  const std::uint64_t b = random.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xffffU,
                     a & 0xfffU, 0x8000U | ((b >> 48U) & 0x3fffU), b & 0xffffffffffffULL);
}

}  // namespace

void World::admit(Call& call) {
  const std::lock_guard lock(mutex_);
  call.id = make_request_id(random_);
  call.now_ms = wall_clock_ms() + clock_skew_ms(api_faults_);
  const auto signature = verify(
      call.request, [this](std::string_view key) { return accounts_->find(key); }, call.now_ms);
  if (signature) {
    call.known = true;
    call.principal = accounts_->principal(signature->access_key);
  } else {
    call.error = signature.error();
  }
  call.decision =
      decide(api_faults_, full_action(call.service, call.action), call.principal.instance, random_);
  const bool wrong_service = signature && signature->scope.service != name_of(call.service);
  const bool global =
      call.service == Service::sts && signature && signature->scope.region == "us-east-1";
  const bool wrong_region = signature && signature->scope.region != model_.region && !global;
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

// The kernel first: if it refuses, nothing has changed and the caller is told so.
Status World::commit(Model next, std::string_view cause) {
  const std::vector<Change> todo = changes(model_, next);
  for (const Change& change : todo) {
    if (auto done = network_->apply({change}); !done) return done;
    const std::int64_t applied_ns = monotonic_ns();
    events_.add(Event{.monotonic_ns = applied_ns,
                      .kind = "route",
                      .text = fmt::format("{} ({})", to_text(change), cause),
                      .details = details_of(change)});
  }
  model_ = std::move(next);
  history_.emplace_back(monotonic_ns(), std::make_shared<const Model>(model_));
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

bool World::refuse_unpermitted(Call& call) const {
  const std::string action = full_action(call.service, call.action);
  if (accounts_->permitted(call.principal, action)) return false;
  call.error =
      AwsError{403, "UnauthorizedOperation",
               fmt::format("You are not authorized to perform this operation. User: {} is not "
                           "authorized to perform: {} because no identity-based policy allows the "
                           "{} action",
                           call.principal.arn, action, action)};
  return true;
}

std::vector<InstanceOrder> World::perform_locked(Call& call) {
  if (call.service == Service::sts) {
    if (call.action == "GetCallerIdentity") {
      call.content = sts_identity(call.principal, model_.account);
    } else {
      call.error =
          AwsError{400, "InvalidAction", fmt::format("Could not find operation {}", call.action)};
    }
    return {};
  }
  if (call.service == Service::dynamodb) {
    if (DynamoDb::knows(call.action) && refuse_unpermitted(call)) return {};
    auto reply = dynamodb_->call(call.action, call.request.body, call.now_ms);
    if (reply) {
      call.content = std::move(*reply);
    } else {
      call.error = reply.error();
    }
    return {};
  }
  if (ec2_action_known(call.action) && refuse_unpermitted(call)) return {};
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
  HttpResponse response{.status = call.error ? call.error->status : 200,
                        .type = "text/xml;charset=UTF-8"};
  switch (call.service) {
    case Service::ec2:
      response.body = call.error ? ec2_error(*call.error, call.id)
                                 : ec2_response(call.action, call.content, call.id);
      break;
    case Service::sts:
      response.body =
          call.error ? sts_error(*call.error, call.id) : sts_response(call.content, call.id);
      break;
    case Service::dynamodb:
      response.type = "application/x-amz-json-1.0";
      response.body = call.error ? dynamodb_error(*call.error) : call.content;
      break;
  }
  // Clients correct their own clock by the Date of an answer.
  response.headers = {{"x-amzn-RequestId", call.id}, {"Date", ec2::http_date(call.now_ms)}};
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
  events_.add(Event{.kind = "api",
                    .text = fmt::format("{} by {}: {}", call.action, caller, outcome),
                    .action = call.action,
                    .caller = caller,
                    .outcome = outcome,
                    .duration_us = (monotonic_ns() - call.started_ns) / 1000,
                    .details = call.service == Service::dynamodb
                                   ? dynamodb_details(call.request.body)
                                   : parameters_of(call.query)});
}

void World::set_state(const std::string& instance, InstanceState state) {
  const std::lock_guard lock(mutex_);
  Model next = model_;
  const auto found = std::ranges::find(next.instances, instance, &Instance::name);
  if (found == next.instances.end() || found->state == state) return;
  // A stop leaves the launch time as it was: by it a caller tells the run it stopped from the next.
  if (found->state == InstanceState::stopped) found->launched_ms = wall_clock_ms();
  found->state = state;
  (void)commit(std::move(next), "instance state");  // States alone change nothing in the kernel.
}

void World::on_life(const std::string& instance, Life life, bool own_will) {
  if (life == Life::running) set_state(instance, InstanceState::running);
  if (life != Life::off) return;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    const Instance* one = find_instance_named(model_, instance);
    stopping = one != nullptr && one->state == InstanceState::stopping;
  }
  // An instance that dies on its own is still "running" to AWS.
  if (stopping || own_will) set_state(instance, InstanceState::stopped);
}

bool World::await_stop(const std::string& instance) {
  std::unique_lock lock(mutex_);
  if (stop_delay_ > Duration{}) changed_.wait_for(lock, stop_delay_, [this] { return ending_; });
  const Instance* one = find_instance_named(model_, instance);
  return one != nullptr && one->state == InstanceState::stopping;
}

void World::order_stop(const std::string& instance, bool force) {
  if (!await_stop(instance)) return;
  const Life life = instances_->status()[instance].life;
  Status done;
  if (life == Life::off) {
    set_state(instance, InstanceState::stopped);
    return;
  }
  if (!force && life == Life::running) {
    done = instances_->shut_down(instance);
  } else {
    done = instances_->kill(instance);
  }
  if (!done) events_.add("lab", "stop: " + done.error().message);
}

void World::order_reboot(const std::string& instance) {
  const Life life = instances_->status()[instance].life;
  const Status done = life == Life::off ? instances_->boot(instance)
                                        : instances_->reboot(instance, life != Life::running);
  if (!done) events_.add("lab", "reboot: " + done.error().message);
}

void World::run_order(const InstanceOrder& order) {
  switch (order.what) {
    case InstanceOrder::What::stop:
      return order_stop(order.instance, false);
    case InstanceOrder::What::force_stop:
      return order_stop(order.instance, true);
    case InstanceOrder::What::reboot:
      return order_reboot(order.instance);
    case InstanceOrder::What::start:
      break;
  }
  if (auto done = instances_->boot(order.instance); !done) {
    events_.add("lab", "start: " + done.error().message);
  }
}

void World::carry_out(const InstanceOrder& order) {
  const std::lock_guard lock(mutex_);
  if (ending_ || orders_running_ >= orders_max) {
    events_.add("lab",
                fmt::format("{}: an order was dropped, there were too many", order.instance));
    return;
  }
  ++orders_running_;
  std::thread([this, order] {
    run_order(order);
    const std::lock_guard inner(mutex_);
    --orders_running_;
    changed_.notify_all();
  }).detach();  // Counted; the destructor waits for all of them.
}

}  // namespace mainstay::lab
