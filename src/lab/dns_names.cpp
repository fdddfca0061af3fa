// Reading names, and values by type.
#include "lab/dns_names.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <sstream>

namespace mainstay::lab {
namespace {

bool good_label(std::string_view label) {
  return !label.empty() && label.size() <= label_size_max &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_*") ==
             std::string_view::npos;
}

bool is_soa(std::string_view value) {
  std::istringstream words{std::string(value)};
  std::string server;
  std::string mail;
  std::uint32_t number = 0;
  if (!(words >> server >> mail) || !parse_dns_name(server) || !parse_dns_name(mail)) return false;
  for (int i = 0; i < 5; ++i) {
    if (!(words >> number)) return false;
  }
  return !(words >> server);
}

}  // namespace

Result<std::string> parse_dns_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!name.ends_with('.')) name += '.';
  const auto wrong = [&] {
    return failure(Code::invalid, fmt::format("'{}' is not a domain name", text));
  };
  if (name.size() > name_size_max || name == ".") return wrong();
  std::string_view rest = name;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    if (!good_label(rest.substr(0, dot))) return wrong();
    rest.remove_prefix(dot + 1);
  }
  return name;
}

bool name_in_zone(std::string_view name, std::string_view zone) {
  if (!name.ends_with(zone)) return false;
  return name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.';
}

std::string reversed_labels(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto dot = name.find('.');
    out = fmt::format("{}.{}", name.substr(0, dot), out);
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
  return out;
}

Status check_record_value(std::string_view type, std::string_view value) {
  const std::string text(value);
  bool good = true;
  unsigned char address[16];
  if (type == "A") {
    good = inet_pton(AF_INET, text.c_str(), address) == 1;
  } else if (type == "AAAA") {
    good = inet_pton(AF_INET6, text.c_str(), address) == 1;
  } else if (type == "CNAME" || type == "NS" || type == "PTR") {
    good = parse_dns_name(value).has_value();
  } else if (type == "TXT") {
    good = value.size() >= 2 && value.size() <= 257 && value.front() == '"' && value.back() == '"';
  } else if (type == "SOA") {
    good = is_soa(value);
  } else {
    return failure(Code::invalid, fmt::format("the lab knows no records of type {}", type));
  }
  if (good) return {};
  return failure(Code::invalid,
                 fmt::format("'{}' is no value of a record of type {}", value, type));
}

}  // namespace mainstay::lab
