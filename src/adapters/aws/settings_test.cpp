#include "adapters/aws/settings.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

struct World {
  ManualClock clock;
  ScriptedHttp http{clock};
  Settings settings;
  Metadata metadata{clock, http.sender(), "http://169.254.169.254"};

  explicit World(Environment environment)
      : settings(settings_from(std::move(environment)).value()) {}
  Result<Endpoint> endpoint(const std::string& service = "ec2") {
    Endpoints endpoints(settings, metadata);
    const Call call{clock.now() + 10s, {}};
    return run(clock, endpoints.of(service, call));
  }
};

std::string url_in(const std::string& region) {
  return World(Environment{{"AWS_REGION", region}}).endpoint()->url;
}

TEST_CASE("each partition has its domain") {
  CHECK(url_in("eu-west-1") == "https://ec2.eu-west-1.amazonaws.com");
  CHECK(url_in("us-gov-west-1") == "https://ec2.us-gov-west-1.amazonaws.com");
  CHECK(url_in("cn-north-1") == "https://ec2.cn-north-1.amazonaws.com.cn");
  CHECK(url_in("us-iso-east-1") == "https://ec2.us-iso-east-1.c2s.ic.gov");
  CHECK(url_in("us-isob-east-1") == "https://ec2.us-isob-east-1.sc2s.sgov.gov");
}

TEST_CASE(
    "the region comes from AWS_REGION, then from AWS_DEFAULT_REGION, then from the instance") {
  CHECK(
      World(Environment{{"AWS_REGION", "a-1"}, {"AWS_DEFAULT_REGION", "b-1"}}).endpoint()->region ==
      "a-1");
  CHECK(World(Environment{{"AWS_DEFAULT_REGION", "b-1"}}).endpoint()->region == "b-1");
  World world(Environment{});
  for (const char* text : {"token", "xx-new-1", "cloud.example"}) world.http.answers(200, text);
  const auto endpoint = world.endpoint();
  CHECK(endpoint->region == "xx-new-1");
  CHECK(endpoint->url == "https://ec2.xx-new-1.cloud.example");
}

TEST_CASE("without a region anywhere the message says which variable to set") {
  World world(Environment{});
  world.http.answers(200, "token");
  world.http.answers(404, "");
  const auto endpoint = world.endpoint();
  CHECK(endpoint.error().code == Code::not_found);
  CHECK(endpoint.error().message.ends_with("Set AWS_REGION"));
}

TEST_CASE("the variables for them, in any spelling, go before the profile") {
  CHECK_FALSE(settings_from({{"HOME", "/nowhere"}})->fips);
  const auto settings = settings_from({{"HOME", "/nowhere"},
                                       {"AWS_USE_FIPS_ENDPOINT", "True"},
                                       {"AWS_USE_DUALSTACK_ENDPOINT", "true"}});
  CHECK(settings->fips);
  CHECK(settings->dual_stack);
}

TEST_CASE("an endpoint of a service goes before the endpoint of all") {
  World world({{"AWS_REGION", "a-1"},
               {"AWS_ENDPOINT_URL", "http://127.0.0.1:8000/"},
               {"AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9000"}});
  CHECK(world.endpoint("ec2")->url == "http://127.0.0.1:9000");
  CHECK(world.endpoint("sts")->url == "http://127.0.0.1:8000");
  CHECK(World({{"AWS_REGION", "a-1"},
               {"AWS_ENDPOINT_URL", "http://127.0.0.1:8000"},
               {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}})
            .endpoint()
            ->url == "https://ec2.a-1.amazonaws.com");
}

TEST_CASE("a service may be asked at another place than the settings'") {
  World world({{"AWS_REGION", "a-1"}, {"AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9000"}});
  const auto at = [&](Place place, const char* service) {
    Endpoints endpoints(world.settings, world.metadata);
    const Call call{world.clock.now() + 10s, {}};
    return run(world.clock, endpoints.at(std::move(place), service, call));
  };
  CHECK(at({}, "ec2")->url == "http://127.0.0.1:9000");
  CHECK(at({.region = "b-1", .url = ""}, "dynamodb")->url == "https://dynamodb.b-1.amazonaws.com");
  CHECK(at({.region = "cn-north-1", .url = ""}, "dynamodb")->url ==
        "https://dynamodb.cn-north-1.amazonaws.com.cn");
  const auto elsewhere = at({.region = "", .url = "http://127.0.0.1:8000/"}, "dynamodb");
  CHECK(elsewhere->url == "http://127.0.0.1:8000");
  CHECK(elsewhere->region == "a-1");
  CHECK(at({.region = "evil.example/", .url = ""}, "dynamodb").error().code == Code::invalid);
  CHECK(at({.region = "", .url = "nowhere"}, "dynamodb").error().code == Code::invalid);
}

TEST_CASE("Route 53 is its partition's, unless somebody says where it is") {
  const auto route53 = [](Environment environment) {
    environment.try_emplace("AWS_REGION", "eu-west-1");
    return World(std::move(environment)).endpoint("route53").value();
  };
  CHECK(route53({}).url == "https://route53.amazonaws.com");
  CHECK(route53({}).region == "us-east-1");
  const Endpoint china = route53({{"AWS_REGION", "cn-north-1"}});
  CHECK(china.url == "https://route53.amazonaws.com.cn");
  CHECK(china.region == "cn-northwest-1");
  CHECK(route53({{"AWS_USE_FIPS_ENDPOINT", "true"}}).url == "https://route53-fips.amazonaws.com");
  CHECK(route53({{"AWS_USE_DUALSTACK_ENDPOINT", "true"}}).url == "https://route53.global.api.aws");
  const Endpoint chosen = route53({{"AWS_ENDPOINT_URL_ROUTE_53", "http://127.0.0.1:9000"}});
  CHECK(chosen.url == "http://127.0.0.1:9000");
  CHECK(chosen.region == "us-east-1");
  CHECK(route53({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9001"}}).url == "http://127.0.0.1:9001");
}

TEST_CASE("where there is no dual-stack endpoint, that is said") {
  World world({{"AWS_REGION", "eu-isoe-west-1"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}});
  for (const char* service : {"ec2", "route53"}) {
    const auto endpoint = world.endpoint(service);
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().code == Code::invalid);
    CHECK(endpoint.error().message.find("no dual-stack endpoint") != std::string::npos);
  }
}

// Files of a profile, for one test.
struct ProfileFile {
  std::string path = testing_path();
  explicit ProfileFile(std::string_view text) { std::ofstream(path) << text; }
  ~ProfileFile() { std::filesystem::remove(path); }
  ProfileFile(const ProfileFile&) = delete;
  ProfileFile& operator=(const ProfileFile&) = delete;
  static std::string testing_path() {
    return (std::filesystem::temp_directory_path() /
            ("mainstay-settings-" + std::to_string(getpid())))
        .string();
  }
  Environment environment() const {
    return {{"HOME", "/nowhere"}, {"AWS_CONFIG_FILE", path}, {"AWS_REGION", "a-1"}};
  }
};

TEST_CASE("a profile's services have endpoints of their own") {
  const ProfileFile file(
      "[default]\nservices = lab\nendpoint_url = http://127.0.0.1:7000\n"
      "[services lab]\nec2 =\n  endpoint_url = http://127.0.0.1:7001/\n"
      "route_53 =\n  endpoint_url = http://127.0.0.1:7002\n  other = x\n");
  World world(file.environment());
  CHECK(world.endpoint("ec2")->url == "http://127.0.0.1:7001");
  CHECK(world.endpoint("route53")->url == "http://127.0.0.1:7002");
  CHECK(world.endpoint("dynamodb")->url == "http://127.0.0.1:7000");
  Environment stronger = file.environment();
  stronger["AWS_ENDPOINT_URL"] = "http://127.0.0.1:8000";
  CHECK(World(stronger).endpoint("ec2")->url == "http://127.0.0.1:8000");
  stronger = file.environment();
  stronger["AWS_ENDPOINT_URL_EC2"] = "http://127.0.0.1:8001";
  CHECK(World(stronger).endpoint("ec2")->url == "http://127.0.0.1:8001");
  CHECK(World(stronger).endpoint("route53")->url == "http://127.0.0.1:7002");
}

TEST_CASE("services that a profile names and the file does not have are refused") {
  const ProfileFile file("[default]\nservices = lab\n");
  const auto settings = settings_from(file.environment());
  REQUIRE_FALSE(settings.has_value());
  CHECK(settings.error().message.find("[services lab]") != std::string::npos);
}

TEST_CASE("a proxy is for the service, not for whom no_proxy names") {
  const Environment environment = {{"AWS_REGION", "a-1"}, {"HTTPS_PROXY", "http://proxy:3128"}};
  CHECK(World(environment).endpoint()->proxy == "http://proxy:3128");
  Environment excepted = environment;
  excepted["NO_PROXY"] = ".amazonaws.com";
  CHECK(World(excepted).endpoint()->proxy.empty());
}

TEST_CASE("the metadata service is elsewhere, speaks IPv6, or must not be asked") {
  const auto endpoint = [](Environment environment) {
    return settings_from(std::move(environment))->metadata_endpoint;
  };
  CHECK(endpoint({}) == "http://169.254.169.254");
  CHECK(endpoint({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}) == "http://[fd00:ec2::254]");
  CHECK(endpoint({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338"}}) ==
        "http://127.0.0.1:1338");
  CHECK(endpoint({{"AWS_EC2_METADATA_DISABLED", "TRUE"}}).empty());
}

TEST_CASE("a wrong value is refused at once, by its name") {
  const auto refused = [](Environment environment) {
    const auto settings = settings_from(std::move(environment));
    REQUIRE(!settings.has_value());
    CHECK(settings.error().code == Code::invalid);
    return settings.error().message;
  };
  CHECK(refused({{"AWS_ENDPOINT_URL_EC2", "ec2.local"}}).starts_with("the endpoint of ec2 "));
  CHECK(refused({{"AWS_ENDPOINT_URL", "ec2.local"}}).starts_with("the AWS endpoint "));
  CHECK(
      refused({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "imds"}}).find("AWS_EC2_METADATA_SERVICE_") !=
      std::string::npos);
  CHECK(refused({{"AWS_REGION", "eu-west-1.evil.example/"}}).find("AWS region") !=
        std::string::npos);
}

}  // namespace
}  // namespace mainstay::aws
