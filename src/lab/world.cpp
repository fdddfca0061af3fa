// Bringing a lab up, and showing what it is.
#include "lab/world.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lab/exec.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;

std::uint64_t fresh_seed() {
  std::uint64_t seed = 0;
  (void)!::getrandom(&seed, sizeof(seed),
                     0);  // A seed of zero would do as well: these keys guard nothing.
  return seed;
}

class Stopwatch {
 public:
  explicit Stopwatch(std::map<std::string, int>& into) : into_(into) {}
  void lap(const std::string& name) {
    const std::int64_t now = monotonic_ns();
    into_[name] = static_cast<int>((now - last_) / 1'000'000);
    last_ = now;
  }

 private:
  std::map<std::string, int>& into_;
  std::int64_t last_ = monotonic_ns();
};

json route_json(const Route& route) {
  return {{"destination", to_text(route.destination)},
          {"target", route.eni_id.empty() ? route.gateway_id : route.eni_id}};
}

json address_json(const Address& address) {
  return {{"allocation", address.allocation_id},
          {"public_ip", to_text(address.public_ip)},
          {"association", address.association_id},
          {"eni", address.eni_id},
          {"private_ip", address.eni_id.empty() ? "" : to_text(address.private_ip)}};
}

json table_json(const RouteTable& table) {
  json out = {{"id", table.id},
              {"name", table.name},
              {"routes", json::array()},
              {"subnets", json::array()}};
  for (const Route& route : table.routes) out["routes"].push_back(route_json(route));
  for (const Association& association : table.associations) {
    if (!association.subnet_id.empty()) out["subnets"].push_back(association.subnet_id);
  }
  return out;
}

json instance_json(const Model& model, const Instance& instance) {
  const Eni& eni = *find_id(model.enis, instance.eni_id);
  json out = {{"id", instance.id},
              {"state", to_text(instance.state)},
              {"zone", instance.zone},
              {"role", instance.role},
              {"eni", eni.id},
              {"subnet", eni.subnet_id},
              {"address", to_text(eni.address)},
              {"mac", eni.mac},
              {"ipv6", eni.address6 ? json(to_text(*eni.address6)) : json()},
              {"source_dest_check", eni.source_dest_check}};
  const Address* address = find_address_of(model, eni);
  out["elastic_ip"] = address == nullptr ? json() : json(to_text(address->public_ip));
  const Ipv4 shown = public_address_of(model, eni, eni.address);
  out["public_ip"] = shown == Ipv4{} ? json() : json(to_text(shown));
  out["secondary_addresses"] = json::array();
  for (const Ipv4 other : eni.secondary) out["secondary_addresses"].push_back(to_text(other));
  out["security_groups"] = eni.group_ids;
  return out;
}

json fault_json(const ApiFault& fault) {
  return {{"id", fault.id},
          {"kind", to_text(fault.kind)},
          {"action", fault.action},
          {"instance", fault.instance},
          {"rate", fault.rate},
          {"count", fault.count},
          {"amount_ms", fault.amount_ms}};
}

json volume_json(const VolumeStatus& volume) {
  const VolumeNode& node = volume.node;
  return {{"id", node.id},          {"device", node.device},
          {"name", node.name},      {"loop", node.loop},
          {"file", volume.file},    {"unflushed_sectors", volume.unflushed},
          {"faults", volume.faults}};
}

void add_life(json& instance, const InstanceStatus& status) {
  instance["life"] = to_text(status.life);
  instance["pid"] = status.pid;
  instance["boots"] = status.boots;
  instance["freezer"] = status.cgroup.empty() ? "signals" : "cgroup";
}

json line_json(const LineQuality& quality) {
  return {{"delay_ms", static_cast<double>(quality.delay.count()) / 1e6},
          {"jitter_ms", static_cast<double>(quality.jitter.count()) / 1e6},
          {"loss", quality.loss}};
}

json cut_json(const Cut& cut) {
  const char* direction = cut.direction == Direction::both  ? "both"
                          : cut.direction == Direction::out ? "out"
                                                            : "in";
  return {{"from", cut.from}, {"to", cut.to}, {"direction", direction}};
}

json records_json(const std::vector<RecordSet>& records) {
  json out = json::array();
  for (const RecordSet& one : records) {
    out.push_back(
        {{"name", one.name}, {"type", one.type}, {"ttl", one.ttl}, {"values", one.values}});
  }
  return out;
}

}  // namespace

std::vector<std::string> endpoint_names(const std::string& region) {
  return {fmt::format("ec2.{}.amazonaws.com", region),
          fmt::format("sts.{}.amazonaws.com", region),
          "sts.amazonaws.com",
          "ec2.amazonaws.com",
          fmt::format("dynamodb.{}.amazonaws.com", region),
          "route53.amazonaws.com",
          "iam.amazonaws.com"};
}

Result<std::unique_ptr<World>> World::build(const WorldOptions& options) {
  const auto layout = parse_layout(options.layout_text);
  if (!layout) return std::unexpected(layout.error());
  auto world = std::unique_ptr<World>(new World(options));
  if (auto done = world->set_up(*layout); !done) return std::unexpected(done.error());
  return world;
}

Status World::set_up(const Layout& layout) {
  Stopwatch watch(phases_ms_);
  model_ = make_model(layout, wall_clock_ms());
  accounts_.emplace(layout, model_, fresh_seed());
  metadata_.emplace(fresh_seed());
  dynamodb_.emplace(model_.account, model_.region);
  random_ = Random(fresh_seed());
  web_identity_token_ = fmt::format("lab.{:016x}{:016x}.token", random_.next(), random_.next());
  if (auto made = make_zones(layout); !made) return made;
  history_.emplace_back(0, std::make_shared<const Model>(model_));
  std::vector<std::string> names = {"IP:" + to_text(endpoint_address)};
  for (const std::string& name : endpoint_names(layout.region)) names.push_back("DNS:" + name);
  for (const VpcEndpoint& endpoint : model_.endpoints) {
    for (const std::string& name : endpoint_dns_names(model_, endpoint))
      names.push_back("DNS:" + name);
  }
  auto tls = TlsContext::make(names);
  if (!tls) return std::unexpected(tls.error());
  tls_ = std::move(*tls);
  watch.lap("account");
  auto network = Network::build(layout, model_);
  if (!network) return std::unexpected(network.error());
  network_ = std::move(*network);
  watch.lap("network");
  if (auto done = prepare_disks(layout); !done) return done;
  watch.lap("disks");
  auto volumes = Volumes::make(layout, options_.directory, events_);
  if (!volumes) return std::unexpected(volumes.error());
  volumes_ = std::move(*volumes);
  auto instances =
      Instances::start({options_.directory, options_.cgroup, network_.get(), volumes_.get(),
                        &events_, [this](const std::string& name, Life life, bool own_will) {
                          on_life(name, life, own_will);
                        }});
  if (!instances) return std::unexpected(instances.error());
  instances_ = std::move(*instances);
  for (const LayoutInstance& instance : layout.instances) {
    instances_->add(init_spec(layout, instance));
  }
  if (auto done = start_servers(); !done) return done;
  watch.lap("endpoints");
  auto booted = instances_->boot_all();
  watch.lap("boot");
  events_.add("lab", fmt::format("up: {} instances", layout.instances.size()));
  return booted;
}

World::~World() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return orders_running_ == 0; });
  }
  servers_.clear();
  dns_servers_.clear();
  instances_.reset();
}

std::string World::hosts_file(const LayoutInstance& instance) const {
  std::string text = fmt::format("127.0.0.1 localhost\n127.0.1.1 {}\n", instance.name);
  for (const Instance& other : model_.instances) {
    text +=
        fmt::format("{} {}\n", to_text(find_id(model_.enis, other.eni_id)->address), other.name);
  }
  return text;
}

// The VPC's resolver inside, another one outside.
std::string World::resolver_file(const LayoutInstance& instance) const {
  const bool outside = instance.subnet.empty();
  return fmt::format("nameserver {}\n{}options timeout:2 attempts:3\n",
                     to_text(outside ? resolver_address : vpc_dns_address(model_.vpc)),
                     outside ? "" : fmt::format("search {}.compute.internal\n", model_.region));
}

Status World::prepare_disks(const Layout& layout) {
  const auto bundle = read_file("/etc/ssl/certs/ca-certificates.crt");
  const std::string authorities = (bundle ? *bundle : std::string()) + tls_->authority_pem();
  if (auto made = make_directories(options_.directory + "/shared"); !made) return made;
  if (auto written = write_file(options_.directory + "/ca.pem", tls_->authority_pem()); !written) {
    return written;
  }
  if (auto written =
          write_file(options_.directory + "/shared/web-identity-token", web_identity_token_);
      !written) {
    return written;
  }
  for (const LayoutInstance& instance : layout.instances) {
    const std::string disk = instance_directory(options_.directory, instance.name) + "/disk";
    for (const char* inner : {"/etc/ssl/certs", "/etc/mainstay", "/.etc-work", "/root/.aws"}) {
      if (auto made = make_directories(disk + inner); !made) return made;
    }
    // Process 1 need not be able to read everything a machine's administrator has in /root.
    ::chmod((disk + "/root").c_str(), 0700);
    const std::vector<std::pair<std::string, std::string>> files = {
        {"/etc/hostname", instance.name + "\n"},
        {"/etc/hosts", hosts_file(instance)},
        {"/etc/resolv.conf", resolver_file(instance)},
        {"/etc/ssl/certs/ca-certificates.crt", authorities},
        {"/root/.aws/config",
         fmt::format("[default]\nregion = {}\nca_bundle = /etc/ssl/certs/ca-certificates.crt\n",
                     layout.region)}};
    for (const auto& [name, content] : files) {
      if (auto written = write_file(disk + name, content); !written) return written;
    }
    if (options_.clock_library.empty()) continue;
    const std::string own = instance_directory(options_.directory, instance.name);
    if (auto written = write_file(own + "/clock", std::string(sizeof(std::int64_t), '\0'));
        !written) {
      return written;
    }
    if (auto written = write_file(disk + "/etc/ld.so.preload", options_.clock_library + "\n");
        !written) {
      return written;
    }
  }
  return {};
}

InitSpec World::init_spec(const Layout& layout, const LayoutInstance& instance) const {
  const Port& port = *network_->port(instance.name);
  InitSpec spec;
  spec.instance = instance.name;
  spec.host_name = instance.name;
  spec.directory = instance_directory(options_.directory, instance.name);
  spec.shared = options_.directory + "/shared";
  spec.address = to_text(port.address_with_host_bits);
  spec.gateway = to_text(port.gateway);
  if (instance.address6) spec.address6 = to_text(*instance.address6);
  if (!options_.clock_library.empty()) spec.clock = spec.directory + "/clock";
  if (instance.nat) spec.masquerade_for = to_text(layout.vpc);
  if (instance.proxy) {
    std::error_code problem;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe", problem).string();
    spec.boot_commands.push_back({program, "proxy", "--listen", "0.0.0.0:3128"});
  }
  spec.binds = options_.binds;
  spec.stop_patience_s = options_.stop_patience_s;
  return spec;
}

Status World::start_servers() {
  const auto api = [this](const HttpRequest& request) { return on_api(request); };
  const auto metadata = [this](const HttpRequest& request) { return on_metadata(request); };
  struct Wanted {
    const Fd& where;
    Ipv4 address;
    int port;
    HttpServer::Handler handler;
    const TlsContext* tls;
  };
  std::vector<Wanted> all = {
      {network_->outside(), endpoint_address, 80, api, nullptr},
      {network_->outside(), endpoint_address, 443, api, tls_.get()},
      {network_->router(), metadata_address, metadata_port, metadata, nullptr}};
  for (const VpcEndpoint& endpoint : model_.endpoints) {
    for (const EndpointPlace& place : endpoint.places) {
      all.push_back({network_->router(), place.address, 80, api, nullptr});
      all.push_back({network_->router(), place.address, 443, api, tls_.get()});
    }
  }
  for (const Wanted& wanted : all) {
    auto server =
        HttpServer::start(wanted.where, wanted.address, wanted.port, wanted.handler, wanted.tls);
    if (!server) return std::unexpected(server.error());
    servers_.push_back(std::move(*server));
  }
  return start_dns_servers();
}

HttpResponse World::on_metadata(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  const Instance* asking = find_instance_named(model_, caller_at(request.peer));
  if (asking == nullptr) return {.status = 404};
  const Instance& instance = *asking;
  const auto concerned = [&](const std::vector<std::string>& who) {
    return std::ranges::any_of(
        who, [&](const std::string& one) { return one == "*" || one == instance.name; });
  };
  if (concerned(metadata_out_)) return {.delivery = HttpResponse::Delivery::silence};
  if (concerned(metadata_off_)) return {.status = 403};
  return metadata_->answer(request, model_, instance, *accounts_, wall_clock_ms());
}

Status World::set_boot_command(const std::string& instance, const std::vector<std::string>& argv) {
  std::vector<std::vector<std::string>> commands;
  if (!argv.empty()) commands.push_back(argv);
  return instances_->set_boot_commands(instance, std::move(commands));
}

Result<std::string> World::environment(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  std::string text;
  if (!instance.empty() && find_instance_named(model_, instance) == nullptr) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this VPC", instance));
  }
  text += fmt::format("AWS_DEFAULT_REGION={0}\nAWS_REGION={0}\n", model_.region);
  text += "AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n";
  text += fmt::format("AWS_ENDPOINT_URL_EC2=http://ec2.{}.amazonaws.com\n", model_.region);
  text += fmt::format("AWS_ENDPOINT_URL_STS=http://sts.{}.amazonaws.com\n", model_.region);
  text +=
      fmt::format("AWS_ENDPOINT_URL_DYNAMODB=http://dynamodb.{}.amazonaws.com\n", model_.region);
  text += "AWS_ENDPOINT_URL_ROUTE_53=http://route53.amazonaws.com\n";
  text += "AWS_ENDPOINT_URL_IAM=http://iam.amazonaws.com\n";
  if (instance.empty()) {
    const Credentials& administrator = accounts_->administrator();
    text += fmt::format("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n",
                        administrator.access_key, administrator.secret_key);
  }
  return text;
}

std::string World::status_json() {
  const auto lives = instances_->status();
  const auto qualities = network_->qualities();
  const std::lock_guard lock(mutex_);
  json out = {{"directory", options_.directory},
              {"region", model_.region},
              {"account", model_.account},
              {"vpc", {{"id", model_.vpc_id}, {"cidr", to_text(model_.vpc)}}},
              {"internet_gateway", model_.igw_id},
              {"zones", model_.zones},
              {"endpoint",
               {{"address", to_text(endpoint_address)},
                {"ec2", "http://" + endpoint_names(model_.region)[0]},
                {"sts", "http://" + endpoint_names(model_.region)[1]},
                {"dynamodb", fmt::format("http://dynamodb.{}.amazonaws.com", model_.region)},
                {"route53", "http://route53.amazonaws.com"}}},
              {"shared", {{"host", options_.directory + "/shared"}, {"instance", "/run/lab"}}},
              {"administrator",
               {{"access_key", accounts_->administrator().access_key},
                {"secret_key", accounts_->administrator().secret_key}}},
              {"denied", accounts_->denied()},
              {"metadata_out", metadata_out_},
              {"metadata_off", metadata_off_},
              {"up_ms", phases_ms_}};
  for (const Subnet& subnet : model_.subnets) {
    out["subnets"][subnet.name] = {{"id", subnet.id},
                                   {"zone", subnet.zone},
                                   {"cidr", to_text(subnet.cidr)},
                                   {"route_table", subnet.table_id}};
  }
  for (const RouteTable& table : model_.tables) out["route_tables"][table.name] = table_json(table);
  for (const SecurityGroup& group : model_.groups) {
    out["security_groups"][group.name] = {{"id", group.id}, {"rules", group.ingress.size()}};
  }
  for (const VpcEndpoint& endpoint : model_.endpoints) {
    out["vpc_endpoints"][endpoint.service] = {{"id", endpoint.id},
                                              {"names", endpoint_dns_names(model_, endpoint)}};
  }
  for (const Instance& instance : model_.instances) {
    out["instances"][instance.name] = instance_json(model_, instance);
  }
  out["addresses"] = json::array();
  for (const Address& address : model_.addresses) {
    out["addresses"].push_back(address_json(address));
  }
  for (const auto& [name, status] : lives) {
    json& one = out["instances"][name];
    add_life(one, status);
    one["disk"] = instance_directory(options_.directory, name) + "/disk";
    one["volumes"] = json::array();
    for (const VolumeStatus& volume : volumes_->status(name)) {
      one["volumes"].push_back(volume_json(volume));
    }
    const Port& port = *network_->port(name);
    if (port.outside) one["address"] = to_text(port.address_with_host_bits.address);
    const auto quality = qualities.find(name);
    if (quality != qualities.end() && !quality->second.is_perfect()) {
      one["line"] = line_json(quality->second);
    }
  }
  for (const auto& [id, zone] : route53_->zones()) {
    out["hosted_zones"][zone.name + (zone.is_private() ? "" : " public")] = {
        {"id", id}, {"private", zone.is_private()}, {"records", records_json(zone.records)}};
  }
  out["cuts"] = json::array();
  for (const Cut& cut : cuts_) out["cuts"].push_back(cut_json(cut));
  out["api_faults"] = json::array();
  for (const ApiFault& fault : api_faults_) out["api_faults"].push_back(fault_json(fault));
  return out.dump(2) + "\n";
}

std::string World::events_json(std::uint64_t since) const {
  std::string out;
  for (const Event& event : events_.since(since)) {
    json one = {{"number", event.number},
                {"monotonic_ns", event.monotonic_ns},
                {"wall_ms", event.wall_ms},
                {"kind", event.kind},
                {"text", event.text}};
    if (event.kind == "api") {
      one["action"] = event.action;
      one["caller"] = event.caller;
      one["outcome"] = event.outcome;
      one["duration_us"] = event.duration_us;
    }
    for (const auto& [name, value] : event.details) one["details"][name] = value;
    out += one.dump() + "\n";
  }
  return out;
}

}  // namespace mainstay::lab
