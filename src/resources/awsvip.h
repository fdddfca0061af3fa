// The parts of awsvip (see awsvip.cpp) that speak of routes: awsvip_routes.cpp.
#pragma once

#include <string>
#include <vector>

#include "resources/aws_recipe.h"
#include "resources/resource.h"

namespace mainstay::awsvip {

struct Config {
  std::string ip;
  std::string vpc_id;
  std::string eni_id;
  std::string interface;
  std::string role_arn;
  Duration aws_timeout = 5s;
};

inline constexpr int number_in_vpc = 7;      // of the resource
inline constexpr int number_absent = 7;      // of its monitor
inline constexpr int number_changed = 8;     // of its monitor, and of a route taken away meanwhile
inline constexpr int number_add_failed = 8;  // of the resource
inline constexpr int number_remove_failed = 9;
inline constexpr int number_no_route = 11;

// Where we are.
struct Place {
  std::string vpc;
  std::string eni;
  std::string interface;  // kernel name; empty until it is needed
  std::string mac;
};

// A route table and where it sends the VIP.
struct Wrong {
  AwsRouteTable table;
  std::string destination;  // as EC2 spells it
  std::string holder;
};

// The tables that send the VIP elsewhere; all that hold it, if `all`.
enum class Which { wrong, all };

// ---- Words.
std::string label(const AwsRouteTable& table);
std::string host_route(const Config& config);

// ---- Routes.
Task<Status> read_tables(const Config& config, Context& context, const std::string& vpc,
                         std::vector<AwsRouteTable>& tables);
Task<Status> read_tables_patiently(const Config& config, Context& context, const std::string& vpc,
                                   std::vector<AwsRouteTable>& tables);
// Whether the VIP lies inside the VPC. That EC2 does not say is worth a warning, no more: the
// address was outside when it was set up.
Task<Status> check_ranges(const Config& config, Context& context, const std::string& vpc);
bool has_route(const Config& config, const AwsRouteTable& table);
bool any_route(const Config& config, const std::vector<AwsRouteTable>& tables);
std::unexpected<Error> no_route(const Config& config, const Place& place);
std::vector<Wrong> tables_to_replace(const Config& config, const Place& place,
                                     const std::vector<AwsRouteTable>& tables, Which which);
// What stays in `open` is not known to have been replaced.
Task<Status> replace_all(const Config& config, Context& context, const Place& place,
                         std::vector<Wrong>& open);
// Tells the open tables again until they answer, and reads until all tables say what they were
// told; those that do not say it for too long are told again. A reading alone proves nothing of an
// open one: it may be of the past. `last` is the outcome of the replacement so far.
Task<Status> settle(const Config& config, Context& context, const Place& place,
                    std::vector<Wrong> open, Status last);

}  // namespace mainstay::awsvip
