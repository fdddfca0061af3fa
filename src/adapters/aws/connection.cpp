#include "adapters/aws/connection.h"

#include "adapters/aws/cli_exchange.h"
#include "adapters/aws/command.h"
#include "adapters/aws/container_credentials.h"
#include "adapters/aws/credential_cache.h"
#include "adapters/aws/credential_chain.h"
#include "adapters/aws/ec2.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/settings.h"
#include "adapters/aws/sts.h"
#include "adapters/aws/survey.h"

namespace mainstay::aws {
namespace {

// How long a connection that was made ready is taken to stay so.
constexpr Duration warm_for = 10s;
constexpr Duration warming_limit = 5s;

Task<Result<Credentials>> given(Credentials credentials, Call) { co_return credentials; }

}  // namespace

// In the order of who needs whom; they refer to each other and never move.
struct Connection::Parts {
  Parts(Clock& the_clock, EventLoop& the_loop, Settings the_settings, Random the_random,
        Backend the_backend)
      : clock(the_clock),
        loop(the_loop),
        random(the_random),
        settings(std::move(the_settings)),
        http(clock, loop),
        metadata(clock, http.sender(), settings.metadata_endpoint),
        endpoints(settings, metadata),
        chain({.settings = settings,
               .instance = [this](Call call) { return metadata.role_credentials(call); },
               .container =
                   [this](Call call) {
                     return container_credentials(settings.environment, http.sender(), call);
                   },
               .take_token = [this](FromWebIdentity identity,
                                    Call call) { return take_token(std::move(identity), call); },
               .run_command =
                   [this](std::string command, Call call) {
                     return run_command(clock, loop, std::move(command), call);
                   },
               .assume_role =
                   [this](Credentials source, std::shared_ptr<const FromRole> role, Call call) {
                     return take_on(std::move(source), std::move(role), call);
                   }}),
        cache(clock, [this](Call call) { return chain.find(call); }),
        backend(the_backend),
        own(*this, own_identity(), {}) {}

  // EC2 and Route 53 in the name of somebody.
  struct Voice {
    // The CLI finds its own credentials unless it is given some.
    Voice(Parts& parts, Identity identity, CredentialSource for_cli)
        : client(parts.service_parts(identity, for_cli)),
          route53(parts.service_parts(identity, for_cli)),
          ec2(client, route53, parts.metadata),
          survey({.clock = parts.clock,
                  .client = client,
                  .http = parts.http.sender(),
                  .endpoint = parts.endpoint_source()}) {}

    Client client;
    Client route53;
    Ec2 ec2;
    Ec2Survey survey;
  };

  struct Role {
    Role(Parts& parts, const std::string& arn)
        : cache(parts.clock, [&parts, arn](Call call) { return parts.take_on_own(arn, call); }),
          voice(parts,
                {.current = [this](Call call) { return cache.current(call); },
                 .discard = [this] { cache.discard(); }},
                [this](Call call) { return cache.current(call); }) {}

    CredentialCache cache;
    Voice voice;
  };

  Voice& voice_of(const std::string& role_arn) {
    if (role_arn.empty()) return own;
    auto& role = roles[role_arn];
    if (!role) role = std::make_unique<Role>(*this, role_arn);
    return role->voice;
  }

  EndpointSource endpoint_source(Place place = {}) {
    return [this, place = std::move(place)](std::string service, Call call) {
      return endpoints.at(place, std::move(service), call);
    };
  }

  Identity own_identity() {
    return {.current = [this](Call call) { return cache.current(call); },
            .discard = [this] { cache.discard(); }};
  }

  Client::Parts client_parts(Identity identity) {
    return {.clock = clock,
            .http = http.sender(),
            .identity = std::move(identity),
            .endpoint = endpoint_source(),
            .parse_fault = &parse_fault,
            .random = random.fork(),
            .retry = {}};
  }

  Client::Parts service_parts(Identity identity, CredentialSource for_cli) {
    auto parts = client_parts(std::move(identity));
    if (backend == Backend::cli) ask_by_cli(parts, {}, std::move(for_cli));
    return parts;
  }

  void ask_by_cli(Client::Parts& parts, Place place, CredentialSource credentials) {
    const auto cli = std::make_shared<const CliParts>(
        CliParts{.clock = clock,
                 .loop = loop,
                 .environment = settings.environment,
                 .endpoint = endpoint_source(place),
                 .is_chosen =
                     [this, place](const std::string& service) {
                       return !place.url.empty() || !chosen_endpoint(settings, service).empty();
                     },
                 .credentials = std::move(credentials)});
    parts.retry = cli_retry_policy();
    parts.exchange = [cli](Question question, Call call) {
      return ask_cli(cli, std::move(question), std::move(call));
    };
  }

  Task<Result<Credentials>> take_on_own(std::string arn, Call call) {
    auto role = std::make_shared<FromRole>();
    role->role_arn = std::move(arn);
    role->session_name = "mainstay";
    co_return co_await assume_role(client_parts(own_identity()), std::move(role), call);
  }

  Task<Result<Credentials>> take_on(Credentials source, std::shared_ptr<const FromRole> role,
                                    Call call) {
    Identity identity{
        .current = [source = std::move(source)](Call inner) { return given(source, inner); },
        .discard = [] {}};
    return assume_role(client_parts(std::move(identity)), std::move(role), call);
  }

  Task<Result<Credentials>> take_token(FromWebIdentity identity, Call call) {
    auto endpoint = co_await endpoints.of("sts", call);
    if (!endpoint) co_return std::unexpected(endpoint.error());
    co_return co_await web_identity_credentials(std::move(identity), std::move(*endpoint),
                                                http.sender(), call);
  }

  Task<void> warm_up() {
    const Call call{clock.now() + warming_limit, {}};
    const auto credentials = co_await cache.current(call);
    if (!credentials) co_return;
    for (auto& [arn, role] : roles) co_await role->cache.current(call);
    const auto endpoint = co_await endpoints.of("ec2", call);
    if (!endpoint) co_return;
    // Any answer will do: the connection is kept.
    HttpRequest request{.method = "GET", .url = endpoint->url + "/"};
    request.proxy = endpoint->proxy;
    request.tls = endpoint->tls;
    co_await http.send(std::move(request), call);
  }

  // A CLI's process finds its own way each time.
  void warm() {
    if (backend == Backend::cli || (warming && !warming->done()) || clock.now() < warm_until)
      return;
    warm_until = clock.now() + warm_for;
    warming.emplace(warm_up());
    warming->start();
  }

  Clock& clock;
  EventLoop& loop;
  Random random;
  Settings settings;
  HttpClient http;
  Metadata metadata;
  Endpoints endpoints;
  CredentialChain chain;
  CredentialCache cache;
  Backend backend;
  Voice own;
  std::map<std::string, std::unique_ptr<Role>> roles;
  Instant warm_until{};
  std::optional<Task<void>> warming;
};

Connection::Connection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(Clock& clock, EventLoop& loop,
                                                     Environment environment, Random random,
                                                     Backend backend) {
  auto settings = settings_from(std::move(environment));
  if (!settings) return std::unexpected(settings.error());
  return std::unique_ptr<Connection>(
      new Connection(std::make_unique<Parts>(clock, loop, std::move(*settings), random, backend)));
}

Aws& Connection::aws() { return parts_->own.ec2; }
AwsSurvey& Connection::survey() { return parts_->own.survey; }
Aws& Connection::aws_as(const std::string& role_arn) { return parts_->voice_of(role_arn).ec2; }
AwsSurvey& Connection::survey_as(const std::string& role_arn) {
  return parts_->voice_of(role_arn).survey;
}
Metadata& Connection::metadata() { return parts_->metadata; }
Client& Connection::client() { return parts_->own.client; }
std::unique_ptr<Client> Connection::client_for(Manner manner) {
  auto parts = parts_->client_parts(parts_->own_identity());
  parts.endpoint = parts_->endpoint_source(manner.place);
  parts.parse_fault = std::move(manner.parse_fault);
  parts.retry = manner.retry;
  parts.connect_limit = manner.connect_limit;
  if (manner.backend == Backend::cli) parts_->ask_by_cli(parts, manner.place, {});
  return std::make_unique<Client>(std::move(parts));
}

void Connection::warm() { parts_->warm(); }
bool Connection::is_warming() const { return parts_->warming && !parts_->warming->done(); }

HttpSend Connection::http() { return parts_->http.sender(); }

}  // namespace mainstay::aws
