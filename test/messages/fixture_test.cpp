// One lab for all rows of a table, and the program that does what the daemon would do.
#include "messages/fixture.h"

#include <doctest/doctest.h>

#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/process.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr Duration shell_patience = 90s;
constexpr std::string_view config_file = "/etc/mainstay/attempt.toml";

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

// In seconds: for one answer of AWS, and for the whole. Each call of the CLI starts Python.
struct Limits {
  int call;
  int all;
};
Limits limits_of(Speaker speaker) {
  return speaker == Speaker::cli ? Limits{20, 60} : Limits{1, 5};
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<ExtraInstance> extras(Pattern pattern) {
  if (pattern != Pattern::vip) return {};
  return {{neighbour, "Subnet-2A", "10.0.110.11", "ha-node"}};
}

std::map<std::string, std::string> facts_of(const Lab& lab) {
  const json status =
      json::parse(must(output_of(lab.command({"status", "--json"}))), nullptr, false);
  std::map<std::string, std::string> facts = {{"vpc", must(lab.site()).vpc}};
  const json& instances = status.at("instances");
  int number = 1;
  for (const char* server : {"server1", "server2", neighbour}) {
    if (!instances.contains(server)) continue;
    facts[fmt::format("eni{}", number)] = instances.at(server).at("eni");
    facts[fmt::format("ip{}", number)] = instances.at(server).at("address");
    ++number;
  }
  for (const char* nat : {"nat1", "nat2"}) {
    if (instances.contains(nat)) facts[nat] = instances.at(nat).at("eni");
  }
  for (const auto& [name, table] : status.at("route_tables").items()) {
    facts["table:" + name] = table.at("id");
  }
  for (const json& address : status.at("addresses")) {
    if (address.at("eni").get<std::string>().empty())
      facts["allocation"] = address.at("allocation");
  }
  const json zones = status.value("hosted_zones", json::object());
  for (const auto& [name, zone] : zones.items()) {
    const std::string id = zone.at("id");
    if (!zone.at("private").get<bool>()) {
      facts["public_zone"] = id;
      continue;
    }
    facts["zone"] = id;
    facts["change"] =
        "aws route53 change-resource-record-sets --hosted-zone-id " + id + " --change-batch";
    facts["record"] = R"("ResourceRecordSet":{"Name":"web.cluster.internal.","Type":"A","TTL":0,)"
                      R"("ResourceRecords":[{"Value":)";
  }
  return facts;
}

}  // namespace

Stage::Stage(Pattern pattern, Speaker speaker)
    : speaker_(speaker),
      programs_(must(find_programs())),
      folder_(must(RunFolder::make("messages"))),
      lab_(must(
          Lab::up(programs_, folder_.path(), {.pattern = pattern, .instances = extras(pattern)}))),
      facts_(facts_of(lab_)) {}

std::string Stage::filled(std::string_view text) const {
  std::string out(text);
  for (const auto& [name, value] : facts_) {
    const std::string mark = "{" + name + "}";
    for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark)) {
      out.replace(at, mark.size(), value);
    }
  }
  return out;
}

std::string Stage::shell(const std::string& instance, const std::string& words) const {
  return must(lab_.exec(instance, {"/bin/sh", "-c", words}, shell_patience));
}

void Stage::arrange(const std::vector<std::string_view>& lines) const {
  for (const std::string_view given : lines) {
    const std::string line = filled(given);
    if (line.starts_with("fault ")) {
      const auto done = lab_.fault(words_of(line.substr(6)));
      REQUIRE_MESSAGE(done, line, ": ", done.error().message);
      continue;
    }
    const auto colon = line.find(": ");
    REQUIRE_MESSAGE(colon != std::string::npos, line);
    shell(line.substr(0, colon), line.substr(colon + 2));
  }
}

std::string_view Stage::resource_of(std::string_view type) {
  const bool is_check = type.ends_with('w') && type != "awsazw" && type != "awsnoticew";
  return is_check ? type.substr(0, type.size() - 1) : type;
}

std::string Stage::config_of(const Row& row) const {
  const std::string_view type = resource_of(row.type);
  const bool is_resource = !type.ends_with('w');
  const bool has_limit = row.params.find("aws_timeout") != std::string_view::npos;
  const std::string name = fmt::format("{}1", type);
  return filled(fmt::format(
      "name = \"attempt\"\nkey_file = \"/etc/mainstay/cluster.key\"\n"
      "[[node]]\nname = \"server1\"\n[[node]]\nname = \"server2\"\n"
      "[[path]]\nname = \"vpc\"\naddress = {{ server1 = \"{{ip1}}\", server2 = \"{{ip2}}\" }}\n"
      "[arbitration]\narbiter = \"none\"\n"
      "[[group]]\nname = \"failover1\"\n"
      "[[{}]]\nname = \"{}\"\ntype = \"{}\"\n{}{}{}\n",
      is_resource ? "resource" : "monitor", name, type,
      fmt::format(
          "{}{}", is_resource ? "group = \"failover1\"\n" : "",
          has_limit ? "" : fmt::format("aws_timeout = \"{}s\"\n", limits_of(speaker_).call)),
      row.params, speaker_ == Speaker::cli ? "[aws]\nbackend = \"cli\"\n" : ""));
}

std::vector<std::string> Stage::attempt(const Row& row, const std::string& name,
                                        const std::vector<std::string>& verbs) const {
  const Status written = lab_.write("server1", config_file, config_of(row));
  REQUIRE_MESSAGE(written, written.error().message);
  std::string line = "env";
  for (const std::string_view each : row.before) line += fmt::format(" '{}'", each);
  line += fmt::format(" {}/src/apps/mainstay-attempt {} server1 {} {}", programs_.folder,
                      config_file, name, limits_of(speaker_).all);
  for (const std::string& verb : verbs) line += " " + verb;
  return lines_of(shell("server1", line + "; true"));
}

// A change of a record is in DNS at once, and nobody remembers what was before it.
void Stage::quicken_names() const {
  if (facts_.contains("zone")) arrange({"fault route53 delay 0s", "fault dns forget"});
}

std::vector<std::string> Stage::play(const Row& row) {
  const std::string_view type = resource_of(row.type);
  const std::string resource = fmt::format("{}1", type);
  const Row right{.story = "", .type = row.type, .params = row.params, .sentence = "", .names = {}};
  const bool is_check = type != row.type;
  quicken_names();
  if (is_check) {
    const auto started = attempt(right, resource, {"activate"});
    REQUIRE_MESSAGE(started.back() == "started", row.story, ": ", started.back());
  }
  quicken_names();
  arrange(row.spoil);
  const std::string name = fmt::format("{}1", row.type);
  const std::string verb(row.verb.empty() ? "activate" : row.verb);
  auto lines = attempt(row, name, {verb});
  REQUIRE_MESSAGE(lab_.fault({"clear"}), row.story);
  arrange(row.mend);
  if (!type.ends_with('w')) attempt(right, resource, {"deactivate"});
  return lines;
}

}  // namespace mainstay::bench
