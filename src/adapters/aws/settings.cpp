#include "adapters/aws/settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/partition.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

const IniSection& chosen_profile(const Settings& settings) {
  static const IniSection none;
  const auto found = settings.profiles.find(settings.profile);
  return found == settings.profiles.end() ? none : found->second;
}

std::string setting(const IniSection& profile, const std::string& key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const auto& text : candidates) {
    if (!text.empty()) return text;
  }
  return {};
}

bool is_chosen(const Settings& settings, const std::string& name, const std::string& key) {
  return lower_case(first_of({variable(settings.environment, name),
                              setting(chosen_profile(settings), key)})) == "true";
}

Status check_url(std::string_view origin, const std::string& url) {
  if (url.empty() || parse_url(url)) return {};
  return failure(Code::invalid,
                 fmt::format("{} is no URL of the form http(s)://host[:port]", origin));
}

// The profile's services are in a section of their own.
Status read_service_endpoints(Settings& settings) {
  constexpr std::string_view end = ".endpoint_url";
  const std::string name = setting(chosen_profile(settings), "services");
  if (name.empty()) return {};
  const auto section = settings.profiles.find("services " + name);
  if (section == settings.profiles.end()) {
    return failure(Code::invalid, fmt::format("AWS profile '{}' names [services {}], which the "
                                              "config file does not have",
                                              settings.profile, name));
  }
  for (const auto& [key, url] : section->second) {
    if (!key.ends_with(end) || url.empty()) continue;
    settings.endpoints[key.substr(0, key.size() - end.size())] = url;
  }
  return {};
}

// AWS_ENDPOINT_URL_EC2 is for ec2, AWS_ENDPOINT_URL for all; the profile's come after both, its
// services' before its own.
Status read_endpoints(Settings& settings) {
  if (is_on(settings.environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return {};
  constexpr std::string_view name = "AWS_ENDPOINT_URL";
  const bool for_all = !trim(variable(settings.environment, std::string(name))).empty();
  if (!for_all) {
    const std::string url = setting(chosen_profile(settings), "endpoint_url");
    if (!url.empty()) settings.endpoints[""] = url;
    if (auto status = read_service_endpoints(settings); !status) return status;
  }
  for (const auto& [key, text] : settings.environment) {
    if (!key.starts_with(name) || trim(text).empty()) continue;
    std::string service = lower_case(std::string_view(key).substr(name.size()));
    if (!service.empty() && service.front() != '_') continue;
    if (!service.empty()) service.erase(0, 1);
    settings.endpoints[service] = trim(text);
  }
  for (auto& [service, url] : settings.endpoints) {
    const std::string origin = service.empty() ? "the AWS endpoint" : "the endpoint of " + service;
    if (auto status = check_url(origin, url); !status) return status;
    while (url.ends_with('/')) url.pop_back();
  }
  return {};
}

Status read_metadata_endpoint(Settings& settings) {
  if (is_on(settings.environment, "AWS_EC2_METADATA_DISABLED")) return {};
  const bool ipv6 = lower_case(variable(settings.environment,
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) == "ipv6";
  settings.metadata_endpoint =
      first_of({variable(settings.environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
                setting(chosen_profile(settings), "ec2_metadata_service_endpoint"),
                std::string(ipv6 ? metadata_address_ipv6 : metadata_address)});
  return check_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", settings.metadata_endpoint);
}

// It becomes part of a host name.
bool is_region(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Status check_region(const std::string& region) {
  if (is_region(region)) return {};
  return failure(Code::invalid, fmt::format("the AWS region '{}' is not of the form eu-west-1",
                                            region.substr(0, 40)));
}

// What a signature names, where a service is one for a whole partition.
std::string signing_region(const std::string& service, const std::string& region) {
  const Partition& partition = partition_of(region);
  if (service == "iam" && !partition.iam_region.empty()) return std::string(partition.iam_region);
  if (service == "iam" || service == "route53") return std::string(partition.global_region);
  return region;
}

}  // namespace

Result<Settings> settings_from(Environment environment) {
  auto profiles = read_profiles(environment);
  if (!profiles) return std::unexpected(profiles.error());
  Settings settings;
  settings.profiles = std::move(*profiles);
  settings.profile = profile_name(environment);
  settings.profile_chosen = !variable(environment, "AWS_PROFILE").empty() ||
                            !variable(environment, "AWS_DEFAULT_PROFILE").empty();
  settings.environment = std::move(environment);
  const IniSection& profile = chosen_profile(settings);
  settings.region =
      first_of({variable(settings.environment, "AWS_REGION"),
                variable(settings.environment, "AWS_DEFAULT_REGION"), setting(profile, "region")});
  settings.tls.ca_file =
      first_of({variable(settings.environment, "AWS_CA_BUNDLE"), setting(profile, "ca_bundle")});
  settings.proxies = proxy_settings_from(settings.environment);
  settings.fips = is_chosen(settings, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  settings.dual_stack = is_chosen(settings, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  for (const Status& status : {check_region(settings.region), read_endpoints(settings),
                               read_metadata_endpoint(settings)}) {
    if (!status) return std::unexpected(status.error());
  }
  return settings;
}

std::string chosen_endpoint(const Settings& settings, const std::string& service) {
  // The service's name for variables, where that is another.
  const std::string alias = service == "route53" ? "route_53" : service;
  for (const std::string& key : {service, alias, std::string()}) {
    const auto chosen = settings.endpoints.find(key);
    if (chosen != settings.endpoints.end()) return chosen->second;
  }
  return {};
}

Endpoints::Endpoints(const Settings& settings, Metadata& metadata)
    : settings_(settings), metadata_(metadata), region_(settings.region) {}

std::string Endpoints::url_of(const std::string& service, const std::string& region) const {
  std::string chosen = chosen_endpoint(settings_, service);
  if (!chosen.empty()) return chosen;
  const EndpointStyle style{settings_.fips, settings_.dual_stack};
  if (service == "route53") return route53_url(partition_of(region), style);
  if (service == "iam") return iam_url(partition_of(region), style);
  return regional_url(service, region, region == region_ ? domain_ : "", style);
}

Task<Result<Endpoint>> Endpoints::of(std::string service, Call call) {
  Place settled;
  co_return co_await at(std::move(settled), std::move(service), std::move(call));
}

Task<Result<Endpoint>> Endpoints::at(Place place, std::string service, Call call) {
  if (const Status status = check_region(place.region); !status) {
    co_return std::unexpected(status.error());
  }
  if (const Status status = check_url("the endpoint of " + service, place.url); !status) {
    co_return std::unexpected(status.error());
  }
  if (place.region.empty() && region_.empty()) {
    const Status located = co_await locate(call);
    if (!located) co_return std::unexpected(located.error());
  }
  Endpoint endpoint;
  endpoint.region = place.region.empty() ? region_ : place.region;
  endpoint.tls = settings_.tls;
  endpoint.url = place.url.empty() ? url_of(service, endpoint.region) : place.url;
  if (endpoint.url.empty()) {
    co_return failure(Code::invalid, fmt::format("{} has no dual-stack endpoint in region {}. Set "
                                                 "AWS_USE_DUALSTACK_ENDPOINT to false",
                                                 service, endpoint.region));
  }
  endpoint.region = signing_region(service, endpoint.region);
  while (endpoint.url.ends_with('/')) endpoint.url.pop_back();
  if (const auto url = parse_url(endpoint.url)) {
    endpoint.proxy = proxy_for(settings_.proxies, *url);
  }
  co_return endpoint;
}

// The instance knows its region, and the domain of partitions that are newer than our table.
Task<Status> Endpoints::locate(Call call) {
  const auto region = co_await metadata_.read("meta-data/placement/region", call);
  if (!region) {
    co_return failure(
        region.error().code,
        fmt::format("No AWS region: AWS_REGION is not set, profile '{}' has none, and "
                    "{}. Set AWS_REGION",
                    settings_.profile, region.error().message));
  }
  const std::string name(trim(*region));
  if (const Status status = check_region(name); !status) co_return status;
  const auto domain = co_await metadata_.read("meta-data/services/domain", call);
  region_ = name;
  if (domain && parse_url("https://" + std::string(trim(*domain)))) domain_ = trim(*domain);
  co_return Status{};
}

}  // namespace mainstay::aws
