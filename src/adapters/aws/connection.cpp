#include "adapters/aws/connection.h"

#include "adapters/aws/command.h"
#include "adapters/aws/credential_cache.h"
#include "adapters/aws/credential_chain.h"
#include "adapters/aws/ec2.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/settings.h"
#include "adapters/aws/sts.h"

namespace mainstay::aws {
namespace {

Task<Result<Credentials>> given(Credentials credentials, Call) { co_return credentials; }

}  // namespace

// In the order of who needs whom; they refer to each other and never move.
struct Connection::Parts {
  Parts(Clock& the_clock, EventLoop& the_loop, Settings the_settings, Random the_random)
      : clock(the_clock),
        loop(the_loop),
        random(the_random),
        settings(std::move(the_settings)),
        http(clock, loop),
        metadata(clock, http.sender(), settings.metadata_endpoint),
        endpoints(settings, metadata),
        chain({.settings = settings,
               .instance = [this](Call call) { return metadata.role_credentials(call); },
               .run_command =
                   [this](std::string command, Call call) {
                     return run_command(clock, loop, std::move(command), call);
                   },
               .assume_role =
                   [this](Credentials source, std::shared_ptr<const FromRole> role, Call call) {
                     return take_on(std::move(source), std::move(role), call);
                   }}),
        cache(clock, [this](Call call) { return chain.find(call); }),
        client(client_parts(own_identity())),
        route53(route53_parts()),
        ec2(client, route53, metadata) {}

  Identity own_identity() {
    return {.current = [this](Call call) { return cache.current(call); },
            .discard = [this] { cache.discard(); }};
  }

  Client::Parts client_parts(Identity identity) {
    return {.clock = clock,
            .http = http.sender(),
            .identity = std::move(identity),
            .endpoint = [this](std::string service,
                               Call call) { return endpoints.of(std::move(service), call); },
            .parse_fault = &parse_fault,
            .random = random.fork(),
            .retry = {}};
  }

  Client::Parts route53_parts() {
    Client::Parts parts = client_parts(own_identity());
    parts.endpoint = [this](std::string service, Call call) {
      return route53_endpoint(std::move(service), std::move(call));
    };
    return parts;
  }

  // Unless somebody says where it is, it is where the region's partition has it.
  Task<Result<Endpoint>> route53_endpoint(std::string service, Call call) {
    const auto regional = co_await endpoints.of(service, call);
    if (!regional) co_return std::unexpected(regional.error());
    Place place = route53_place(regional->region);
    for (const char* key : {"", "route_53", "route53"}) {
      const auto told = settings.endpoints.find(key);
      if (told != settings.endpoints.end()) place.url = told->second;
    }
    co_return co_await endpoints.at(std::move(place), std::move(service), std::move(call));
  }

  Task<Result<Credentials>> take_on(Credentials source, std::shared_ptr<const FromRole> role,
                                    Call call) {
    Identity identity{
        .current = [source = std::move(source)](Call inner) { return given(source, inner); },
        .discard = [] {}};
    return assume_role(client_parts(std::move(identity)), std::move(role), call);
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
  Client client;
  Client route53;
  Ec2 ec2;
};

Connection::Connection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(Clock& clock, EventLoop& loop,
                                                     Environment environment, Random random) {
  auto settings = settings_from(std::move(environment));
  if (!settings) return std::unexpected(settings.error());
  return std::unique_ptr<Connection>(
      new Connection(std::make_unique<Parts>(clock, loop, std::move(*settings), random)));
}

Aws& Connection::aws() { return parts_->ec2; }
Metadata& Connection::metadata() { return parts_->metadata; }
Client& Connection::client() { return parts_->client; }
std::unique_ptr<Client> Connection::client_for(Manner manner) {
  auto parts = parts_->client_parts(parts_->own_identity());
  parts.endpoint = [&endpoints = parts_->endpoints, place = std::move(manner.place)](
                       std::string service, Call call) {
    return endpoints.at(place, std::move(service), call);
  };
  parts.parse_fault = std::move(manner.parse_fault);
  parts.retry = manner.retry;
  parts.connect_limit = manner.connect_limit;
  return std::make_unique<Client>(std::move(parts));
}

HttpSend Connection::http() { return parts_->http.sender(); }

}  // namespace mainstay::aws
