// The checks: pure functions from what is known to findings. Each is a row of the table in
// checks.cpp; a new one is a function and its row.
#pragma once

#include <vector>

#include "config/model.h"
#include "config/schema.h"
#include "doctor/facts.h"
#include "doctor/finding.h"

namespace mainstay::doctor {

struct Case {
  const ClusterConfig& config;
  const Catalog& catalog;
  const Facts& facts;
};

using Findings = std::vector<Finding>;

// All findings, the worst first, otherwise in the order of the table.
Report examine(const Case& given);

// checks_node.cpp
Findings check_endpoint(const Case& given);
Findings check_clock(const Case& given);
Findings check_identity(const Case& given);
Findings check_path_addresses(const Case& given);
Findings check_ports(const Case& given);
// checks_vip.cpp
Findings check_interfaces(const Case& given);
Findings check_vip_ranges(const Case& given);
Findings check_routes(const Case& given);
Findings check_source_dest(const Case& given);
// checks_permission.cpp
Findings check_permissions(const Case& given);
// checks_addresses.cpp
Findings check_elastic_ips(const Case& given);
Findings check_secondary_ips(const Case& given);
// checks_dns.cpp
Findings check_hosted_zones(const Case& given);
Findings check_records(const Case& given);
// checks_resolution.cpp
Findings check_name_resolution(const Case& given);

// A finding that asks for nothing.
Finding good(std::string fact);
// What is amiss, what that means at a failover, and what to do.
struct Trouble {
  std::string fact;
  std::string why;
  std::string remedy;
};
Finding trouble(Grade grade, Trouble what);
// It could not be asked, and why.
Finding unasked(std::string what, const Error& error);

}  // namespace mainstay::doctor
