#include "harness/lab.h"

#include <array>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;

Result<json> parsed(const Result<std::string>& text, std::string_view what) {
  if (!text) return std::unexpected(text.error());
  json value = json::parse(*text, nullptr, false);
  if (!value.is_discarded()) return value;
  return failure(Code::corrupt, fmt::format("{} is not JSON: {}", what, text->substr(0, 200)));
}

// Folders of which every instance has its own; what lies below must be named to be seen there.
bool hidden_in_instances(const std::string& path) {
  constexpr std::array own = {"/root/", "/run/", "/tmp/", "/var/"};
  return std::ranges::any_of(own, [&](const char* folder) { return path.starts_with(folder); });
}

// Calls that only read would drown the story; those that worked show in what they changed, and so
// do faults.
bool worth_telling(const json& event) {
  const std::string kind = event.value("kind", "");
  if (kind == "api") return event.value("outcome", "ok") != "ok";
  return kind == "instance" || kind == "route";
}

// "rtb-0e65: 10.1.0.20/32 ..." -> "route table Public-AB: 10.1.0.20/32 ...".
std::string with_names(std::string text, const std::map<std::string, std::string>& names) {
  for (const auto& [id, name] : names) {
    const std::size_t at = text.find(id);
    if (at != std::string::npos) text.replace(at, id.size(), "route table " + name);
  }
  return text;
}

const char* layout_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::vip:
    case Pattern::sip:
      return "vip";
    case Pattern::eip:
      return "eip";
    case Pattern::dns:
      return "dns";
  }
  MAINSTAY_CHECK(false);
}

json layout_entry(const ExtraInstance& instance) {
  json entry = {
      {"name", instance.name}, {"subnet", instance.subnet}, {"address", instance.address}};
  if (!instance.role.empty()) entry["role"] = instance.role;
  return entry;
}

SiteNode site_node(const json& instances, const std::string& server, const std::string& nat) {
  return {.name = server,
          .address = instances.at(server).at("address"),
          .eni = instances.at(server).at("eni"),
          .nat_address = instances.contains(nat) ? instances.at(nat).at("address") : json("")};
}

// A secondary address moves within a subnet, so both nodes are in one; the others are in two zones.
std::vector<SiteNode> site_nodes(const json& instances, Pattern pattern) {
  const bool one_subnet = pattern == Pattern::sip;
  return {site_node(instances, "server1", "nat1"), one_subnet
                                                       ? site_node(instances, neighbour, "nat1")
                                                       : site_node(instances, "server2", "nat2")};
}

void add_ipv6(json& layout) {
  layout["vpc_ipv6"] = "2001:db8:1::/56";
  std::map<std::string, std::string> prefixes;
  int number = 0;
  for (json& subnet : layout["subnets"]) {
    const std::string prefix = fmt::format("2001:db8:1:{:x}", ++number);
    subnet["ipv6"] = prefix + "::/64";
    prefixes[subnet.at("name")] = prefix;
  }
  for (json& instance : layout["instances"]) {
    const std::string name = instance.value("name", "");
    if (!name.starts_with("server") && name != "client") continue;
    instance["ipv6"] = prefixes.at(instance.at("subnet")) + "::10";
  }
  for (json& table : layout["route_tables"]) {
    table["routes"].push_back(
        {{"destination", fmt::format("{}/128", virtual_ipv6)}, {"target", "server1"}});
  }
}

void add_service_ids(const json& status, Site& site) {
  for (const json& address : status.at("addresses")) {
    if (!address.at("eni").get<std::string>().empty()) continue;
    site.allocation_id = address.at("allocation");
    site.public_ip = address.at("public_ip");
  }
  const json zones = status.value("hosted_zones", json::object());
  for (const auto& [name, zone] : zones.items()) {
    if (zone.at("private").get<bool>()) site.hosted_zone_id = zone.at("id");
  }
}

}  // namespace

Command Lab::command(std::vector<std::string> words, Duration patience) const {
  words.insert(words.begin(), program_);
  return {.argv = std::move(words),
          .environment = {{"MAINSTAY_LAB_DIR", folder_}},
          .patience = patience};
}

Status Lab::write_layout(const LabWish& wish, const std::string& file) const {
  auto layout =
      parsed(output_of(command({"layout", layout_of(wish.pattern)})), "the built-in layout");
  if (!layout) return std::unexpected(layout.error());
  for (const ExtraInstance& one : wish.instances) {
    (*layout)["instances"].push_back(layout_entry(one));
  }
  for (json& instance : (*layout)["instances"]) {
    if (!instance.value("name", "").starts_with("server")) continue;
    for (const ExtraVolume& volume : wish.volumes) {
      instance["volumes"].push_back({{"device", volume.device}, {"size_mib", volume.size_mib}});
    }
  }
  if (wish.ipv6) add_ipv6(*layout);
  std::ofstream out(file);
  out << *layout;
  out.close();
  return out ? Status{} : failure(Code::unavailable, "cannot write " + file);
}

Result<Lab> Lab::up(const Programs& programs, const std::string& folder, const LabWish& wish) {
  Lab lab(programs.lab, folder + "/lab");
  const std::string layout = folder + "/layout.json";
  if (auto done = lab.write_layout(wish, layout); !done) return std::unexpected(done.error());
  std::vector<std::string> words = {"up", "--layout", layout};
  if (hidden_in_instances(programs.folder + "/")) {
    words.insert(words.end(), {"--bind", programs.folder});
  }
  const auto done = output_of(lab.command(words));
  if (!done) return std::unexpected(done.error());
  return lab;
}

Lab::Lab(Lab&& other) noexcept
    : program_(std::move(other.program_)),
      folder_(std::exchange(other.folder_, {})),
      kept_(other.kept_) {}

Lab::~Lab() {
  if (folder_.empty() || kept_) return;
  Command down = command({"down"});
  down.heeds_stop = false;
  if (const auto done = output_of(down); !done) {
    fmt::print(stderr, "The lab in {} could not be taken down: {}\n", folder_,
               done.error().message);
  }
}

Result<Site> Lab::site(Pattern pattern) const {
  const auto status = parsed(output_of(command({"status", "--json"})), "the lab's status");
  if (!status) return std::unexpected(status.error());
  Site site;
  site.pattern = pattern;
  try {
    site.vpc = status->at("vpc").is_string() ? status->at("vpc").get<std::string>()
                                             : status->at("vpc").at("id").get<std::string>();
    site.nodes = site_nodes(status->at("instances"), pattern);
    add_service_ids(*status, site);
  } catch (const json::exception& error) {
    return failure(Code::corrupt,
                   fmt::format("the lab's status lacks something: {}", error.what()));
  }
  return site;
}

Result<std::string> Lab::life_of(const std::string& instance) const {
  const auto status = parsed(output_of(command({"status", "--json"})), "the lab's status");
  if (!status) return std::unexpected(status.error());
  return status->at("instances").at(instance).at("life").get<std::string>();
}

Result<std::vector<RouteTarget>> Lab::routes_to(std::string_view address) const {
  const auto status = parsed(output_of(command({"status", "--json"})), "the lab's status");
  if (!status) return std::unexpected(status.error());
  std::vector<RouteTarget> targets;
  for (const auto& [name, table] : status->at("route_tables").items()) {
    for (const json& route : table.at("routes")) {
      if (route.at("destination") != fmt::format("{}/32", address)) continue;
      targets.push_back({name, route.at("target").get<std::string>()});
    }
  }
  return targets;
}

Result<std::string> Lab::holder_of(const std::string& allocation_id) const {
  const auto status = parsed(output_of(command({"status", "--json"})), "the lab's status");
  if (!status) return std::unexpected(status.error());
  for (const json& address : status->at("addresses")) {
    if (address.at("allocation") == allocation_id) return address.at("eni").get<std::string>();
  }
  return failure(Code::not_found, fmt::format("the lab has no Elastic IP {}", allocation_id));
}

Result<std::map<std::string, std::string>> Lab::table_names() const {
  const auto status = parsed(output_of(command({"status", "--json"})), "the lab's status");
  if (!status) return std::unexpected(status.error());
  std::map<std::string, std::string> names;
  for (const auto& [name, table] : status->at("route_tables").items()) {
    names.emplace(table.at("id").get<std::string>(), name);
  }
  return names;
}

Result<std::string> Lab::exec(const std::string& instance, const std::vector<std::string>& argv,
                              Duration patience) const {
  std::vector<std::string> words = {"exec", instance, "--"};
  words.insert(words.end(), argv.begin(), argv.end());
  return output_of(command(std::move(words), patience));
}

Status Lab::start(const std::string& instance, const std::string& log,
                  const std::vector<std::string>& argv) const {
  std::vector<std::string> words = {"exec", instance, "--detach", "--log", log, "--"};
  words.insert(words.end(), argv.begin(), argv.end());
  const auto done = output_of(command(std::move(words)));
  return done ? Status{} : std::unexpected(done.error());
}

Status Lab::at_boot(const std::string& instance, const std::vector<std::string>& argv) const {
  std::vector<std::string> words = {"boot-command", instance, "--"};
  words.insert(words.end(), argv.begin(), argv.end());
  const auto done = output_of(command(std::move(words)));
  return done ? Status{} : std::unexpected(done.error());
}

Status Lab::write(const std::string& instance, std::string_view path,
                  const std::string& text) const {
  constexpr const char* script =
      R"sh(mkdir -p "$(dirname "$2")" && printf %s "$1" > "$2" && chmod "$3" "$2")sh";
  const char* mode = text.starts_with("#!") ? "755" : "600";
  const auto done = exec(instance, {"/bin/sh", "-c", script, "sh", text, std::string(path), mode});
  return done ? Status{} : std::unexpected(done.error());
}

Status Lab::fault(const std::vector<std::string>& words) const {
  std::vector<std::string> all = {"fault"};
  all.insert(all.end(), words.begin(), words.end());
  const auto done = output_of(command(std::move(all)));
  return done ? Status{} : std::unexpected(done.error());
}

Result<std::vector<Moment>> Lab::events(std::uint64_t since) const {
  const auto text = output_of(command({"events", "--json", "--since", std::to_string(since)}));
  if (!text) return std::unexpected(text.error());
  const auto tables = table_names();
  if (!tables) return std::unexpected(tables.error());
  std::vector<Moment> moments;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const json event = json::parse(rest.substr(0, end), nullptr, false);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (event.is_discarded()) continue;
    if (!worth_telling(event)) continue;
    moments.push_back({event.value("monotonic_ns", std::int64_t{0}), "lab",
                       with_names(event.value("text", ""), *tables)});
  }
  return moments;
}

Result<std::uint64_t> Lab::last_event() const {
  const auto text = output_of(command({"events", "--json"}));
  if (!text) return std::unexpected(text.error());
  std::string_view all = *text;
  while (all.ends_with('\n')) all.remove_suffix(1);
  const json last = json::parse(all.substr(all.rfind('\n') + 1), nullptr, false);
  return last.is_discarded() ? 0 : last.value("number", std::uint64_t{0});
}

}  // namespace mainstay::bench
