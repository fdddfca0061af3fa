#include "ports/delegation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace mainstay {
namespace {

// One spelling: small letters, and no dot at the end.
std::string plain(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

std::set<std::string> plain(const std::vector<std::string>& names) {
  std::set<std::string> all;
  for (const auto& name : names) all.insert(plain(name));
  return all;
}

}  // namespace

std::string delegation_fault(const AwsHostedZone& zone,
                             const Result<std::vector<std::string>>& delegated) {
  const std::string domain = plain(zone.name);
  if (!delegated && delegated.error().code != Code::not_found) return {};
  if (!delegated) return fmt::format("the registrar names no name server of {}", domain);
  const std::set<std::string> own = plain(zone.name_servers);
  std::set<std::string> strangers = plain(*delegated);
  std::erase_if(strangers, [&](const std::string& name) { return own.contains(name); });
  if (own.empty() || strangers.empty()) return {};
  return fmt::format(
      "the registrar's NS records of {} name {}, not the name servers of hosted zone {}", domain,
      fmt::join(strangers, ", "), zone.id);
}

std::string delegation_remedy(const AwsHostedZone& zone) {
  return fmt::format("Set the NS records of {} at its registrar to {}", plain(zone.name),
                     fmt::join(plain(zone.name_servers), ", "));
}

}  // namespace mainstay
