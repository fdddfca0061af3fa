// Whose rights a resource's calls are made with, and that each role counts its calls for itself.
#include "runtime/recipes.h"

#include <doctest/doctest.h>

#include "ports/fake_mirror.h"
#include "ports/testing.h"
#include "resources/registry.h"

namespace mainstay {
namespace {

constexpr auto mover = "arn:aws:iam::111122223333:role/mover";
constexpr auto looker = "arn:aws:iam::111122223333:role/looker";
const NodeName self("server1");

// Nobody speaks, stores or halts here.
struct NoNetwork : Network {
  void listen(Handler) override {}
  void send_datagram(const NodeName&, PathIndex, ByteView) override {}
  void send_message(const NodeName&, ByteView) override {}
};
struct NoStore : Store {
  Result<std::optional<Bytes>> load() override { return std::nullopt; }
  Task<Status> save(Bytes) override { co_return Status{}; }
};
struct NoPower : Power {
  void arm_watchdog(Instant) override {}
  void halt(HaltKind) override {}
  Task<Status> fence(NodeName, Call) override { co_return Status{}; }
};

std::shared_ptr<ClusterConfig> two_addresses() {
  auto config = std::make_shared<ClusterConfig>();
  config->nodes = {{self, "", ""}};
  GroupConfig group{.name = GroupName("g"), .policy = {self}, .resources = {}};
  for (const auto& [name, role] : {std::pair("own", ""), std::pair("lent", mover)}) {
    ResourceConfig resource;
    resource.name = ResourceName(name);
    resource.type = "awseip";
    resource.params[self] = defaults_of(find_resource_type("awseip")->schema.fields);
    resource.params[self]["allocation_id"] = std::string("eipalloc-1");
    resource.params[self]["role_arn"] = std::string(role);
    group.resources.push_back(resource);
    MonitorConfig check;
    check.name = MonitorName(std::string(name) + "w");
    check.type = "awseipw";
    check.checks = resource.name;
    config->monitors.push_back(check);
  }
  MonitorConfig zones;
  zones.name = MonitorName("zones");
  zones.type = "awsazw";
  zones.params[self] = {{"zone", std::string("az-1")},
                        {"role_arn", std::string(looker)},
                        {"aws_timeout", Duration(5s)}};
  config->monitors.push_back(zones);
  config->groups = {group};
  return config;
}

// An AWS for ourselves, and one for each role.
struct World {
  testing::FakeClock clock;
  testing::FakeAws own{clock};
  std::map<std::string, testing::FakeAws> lent;
  testing::FakeHost host{clock};
  testing::FakeProcess process{clock};
  testing::FakeResolver resolver{clock};
  testing::FakeMirror mirror{clock};
  testing::FakeMounts mounts;
  NoNetwork network;
  NoStore store;
  NoPower power;
  std::vector<Event> events;
  NodeSetup setup{
      .config = two_addresses(), .config_text = {}, .explain_difference = {}, .self = self};
  Executor executor{clock};
  std::optional<Recipes> recipes;

  explicit World(bool has_roles = true) {
    for (const char* role : {mover, looker}) lent.try_emplace(role, clock);
    for (testing::FakeAws* aws : {&own, &lent.at(mover), &lent.at(looker)}) {
      aws->self = {"i-1",
                   "r-1",
                   "az-1",
                   {{.id = "eni-1",
                     .mac = "",
                     .vpc = "",
                     .subnet = "",
                     .zone = "",
                     .instance = "i-1",
                     .private_ip = "10.0.0.1"}}};
      aws->interfaces["eni-1"] = aws->self.interfaces.front();
      aws->addresses["eipalloc-1"] = {"eipalloc-1", "198.51.100.20", "", "", ""};
    }
    NodePorts ports{clock,    network, store,  process, host,   own,
                    resolver, mirror,  mounts, power,   nullptr};
    if (has_roles) {
      ports.aws_as = [this](const std::string& role) -> Aws& { return lent.at(role); };
    }
    recipes.emplace(
        setup, ports, executor,
        Recipes::Answers{[this](Event event) { events.push_back(std::move(event)); }, [](Note) {}});
  }
  void activate(const char* resource) {
    recipes->activate({.ticket = 1,
                       .group = GroupName("g"),
                       .resource = ResourceName(resource),
                       .term = 1,
                       .deadline = clock.now() + 30s});
    clock.advance(5s);
  }
  MonitorJudged run(const char* monitor) {
    events.clear();
    recipes->observe({.ticket = 2, .monitor = MonitorName(monitor), .deadline = clock.now() + 30s});
    clock.advance(10s);
    REQUIRE(events.size() == 1);
    return std::get<MonitorJudged>(events.front());
  }
  std::size_t calls_of(const char* role) { return lent.at(role).calls.size(); }
};

TEST_CASE("a resource asks with its role's rights, its neighbour with the daemon's own") {
  World world;
  world.activate("lent");
  CHECK(world.own.calls.empty());
  CHECK(world.lent.at(mover).count("associate_address") == 1);
  CHECK(world.lent.at(mover).addresses.at("eipalloc-1").eni == "eni-1");
  world.activate("own");
  CHECK(world.own.count("associate_address") == 1);
  CHECK(world.lent.at(mover).count("associate_address") == 1);
  CHECK(world.calls_of(looker) == 0);
}

TEST_CASE("a resource's check asks as the resource does, and a monitor with a role of its own") {
  World world;
  world.activate("lent");
  const std::size_t before = world.calls_of(mover);
  CHECK(world.run("lentw").verdict == Verdict::healthy);
  CHECK(world.calls_of(mover) > before);
  CHECK(world.own.calls.empty());
  world.run("zones");
  CHECK(world.lent.at(looker).count("zone") == 1);
  CHECK(world.own.calls.empty());
}

TEST_CASE("one role's account that is throttled silences its own monitors, and nobody else's") {
  World world;
  world.activate("lent");
  world.activate("own");
  world.lent.at(mover).faults["address"] = {{}};
  CHECK(world.run("lentw").verdict == Verdict::unknown);
  const auto asked = world.lent.at(mover).count("address");
  CHECK(world.run("lentw").why.find("too many calls") != std::string::npos);
  CHECK(world.lent.at(mover).count("address") == asked);
  CHECK(world.run("ownw").verdict == Verdict::healthy);
}

TEST_CASE("where roles cannot be taken on, all is asked with the daemon's own rights") {
  World world(false);
  world.activate("lent");
  CHECK(world.own.count("associate_address") == 1);
}

}  // namespace
}  // namespace mainstay
