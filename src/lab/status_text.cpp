// Tables out of JSON.
#include "lab/status_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace mainstay::lab {
namespace {

using nlohmann::json;

// "eni-… (server1)" says more than the id.
std::string named_target(const json& status, const std::string& target) {
  for (const auto& [name, instance] : status.at("instances").items()) {
    if (instance.value("eni", "") == target) return fmt::format("{} ({})", name, target);
  }
  return target;
}

std::string instances_table(const json& status) {
  std::string out = fmt::format("{:<12} {:<8} {:<9} {:<16} {:<15} {:<15} {}\n", "INSTANCE", "LIFE",
                                "AWS", "ZONE", "ADDRESS", "ELASTIC IP", "ENI");
  for (const auto& [name, one] : status.at("instances").items()) {
    const json& elastic = one.contains("elastic_ip") ? one.at("elastic_ip") : json();
    out += fmt::format(
        "{:<12} {:<8} {:<9} {:<16} {:<15} {:<15} {}\n", name, one.value("life", ""),
        one.value("state", "-"), one.value("zone", "internet"), one.value("address", ""),
        elastic.is_string() ? elastic.get<std::string>() : "-", one.value("eni", "-"));
  }
  return out;
}

std::string routes_table(const json& status) {
  std::string out = fmt::format("\n{:<12} {:<18} {}\n", "ROUTE TABLE", "DESTINATION", "TARGET");
  for (const auto& [name, table] : status.at("route_tables").items()) {
    for (const json& route : table.at("routes")) {
      out += fmt::format("{:<12} {:<18} {}\n", name, route.value("destination", ""),
                         named_target(status, route.value("target", "")));
    }
  }
  return out;
}

std::string faults_list(const json& status) {
  std::string out;
  for (const json& cut : status.at("cuts")) {
    const std::string to = cut.value("to", "");
    out += fmt::format("cut: {} - {} ({})\n", cut.value("from", ""),
                       to.empty() ? "everything else" : to, cut.value("direction", ""));
  }
  for (const json& fault : status.at("api_faults")) {
    out += fmt::format("api fault {}: {} for {}\n", fault.value("id", 0), fault.value("kind", ""),
                       fault.value("action", ""));
  }
  for (const json& out_of_order : status.at("metadata_out")) {
    out += fmt::format("metadata service silent: {}\n", out_of_order.get<std::string>());
  }
  for (const auto& [name, one] : status.at("instances").items()) {
    if (one.contains("line")) out += fmt::format("line of {}: {}\n", name, one.at("line").dump());
    for (const json& volume : one.value("volumes", json::array())) {
      const std::string faults = volume.value("faults", "");
      if (faults.empty()) continue;
      out += fmt::format("volume {}{}: {}\n", name, volume.value("device", ""), faults);
    }
  }
  return out.empty() ? "\nNo faults.\n" : "\n" + out;
}

}  // namespace

std::string status_text(const std::string& text) {
  const json status = json::parse(text, nullptr, false);
  if (status.is_discarded()) return text;
  return fmt::format("Lab in {}: VPC {} {} in {}\n\n", status.value("directory", ""),
                     status.at("vpc").value("id", ""), status.at("vpc").value("cidr", ""),
                     status.value("region", "")) +
         instances_table(status) + routes_table(status) + faults_list(status);
}

std::string events_text(const std::string& json_lines) {
  std::istringstream lines(json_lines);
  std::string line;
  std::string out;
  std::int64_t first = 0;
  while (std::getline(lines, line)) {
    const json event = json::parse(line, nullptr, false);
    if (event.is_discarded()) continue;
    const std::int64_t at = event.value("monotonic_ns", std::int64_t{0});
    if (first == 0) first = at;
    out += fmt::format("{:>10.3f} s  {:<9} {}", static_cast<double>(at - first) / 1e9,
                       event.value("kind", ""), event.value("text", ""));
    if (event.contains("duration_us")) {
      out += fmt::format(" [{:.1f} ms]", event.value("duration_us", 0.0) / 1000);
    }
    out += "\n";
  }
  return out;
}

}  // namespace mainstay::lab
