#include "config/testing.h"

namespace mainstay::testing {

Catalog small_catalog() {
  Catalog catalog;
  TypeSchema address;
  address.type = "addr";
  address.fields = {
      field(&AddressConfig::ip, "ip")
          .help("The address.")
          .required()
          .unique()
          .format(TextFormat::ip),
      field(&AddressConfig::eni_id, "eni_id")
          .help("The interface.")
          .required()
          .per_node()
          .format(TextFormat::eni_id),
      field(&AddressConfig::patience, "patience").range(1s, 10s),
  };
  address.check = CheckSchema{};
  address.check->type = "addrw";
  address.check->interval = 45s;
  address.laws = [](const Params& params) -> std::vector<Contradiction> {
    const auto ip = ip_number(std::get<std::string>(params.at("ip")));
    if (!ip || kind_of(*ip) == IpKind::unicast) return {};
    return {{"ip", "this cannot be an address of a service", "Choose another."}};
  };
  TypeSchema program;
  program.type = "prog";
  program.fields = {
      field(&ProgramConfig::start, "start").help("What to run.").required(),
      field(&ProgramConfig::stays, "stays"),
      field(&ProgramConfig::port, "port").range(0, 65535),
      field(&ProgramConfig::share, "share").range(0.0, 1.0),
  };
  program.check = CheckSchema{};
  program.check->type = "progw";
  program.check->applies = [](const Params& params) { return std::get<bool>(params.at("stays")); };
  catalog.resources = {address, program};
  TypeSchema pinger;
  pinger.type = "pinger";
  pinger.fields = {field(&PingerConfig::addresses, "addresses")
                       .help("Whom to ping.")
                       .required()
                       .format(TextFormat::ip)};
  catalog.monitors = {pinger};
  return catalog;
}

std::vector<std::string> problems_of(const std::string& text) {
  const auto config = parse_config(text, small_catalog());
  std::vector<std::string> texts;
  if (config) return texts;
  for (const Problem& problem : config.error()) texts.push_back(to_text(problem, "cluster.toml"));
  return texts;
}

ClusterConfig valid(std::string_view text) {
  const auto config = parse_config(text, small_catalog());
  if (!config) throw std::invalid_argument(to_text(config.error().front(), "cluster.toml"));
  return *config;
}

}  // namespace mainstay::testing
