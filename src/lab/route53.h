// Route 53 in memory: hosted zones, their records, and changes that take their time to reach the
// name servers. Pure; time and chance are arguments.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "lab/dns_names.h"
#include "lab/http.h"
#include "lab/sigv4.h"

namespace mainstay::lab {

struct HostedZone {
  std::string id;                       // "Z…"
  std::string name;                     // with the dot at its end
  std::vector<std::string> vpcs = {};   // a private zone's; empty: the zone is public
  std::vector<RecordSet> records = {};  // as the API shows them
  std::vector<RecordSet> served = {};   // as the name servers have them
  bool is_private() const { return !vpcs.empty(); }
};

// How long a change is PENDING: drawn between the two.
struct Propagation {
  std::int64_t min_ms = 500;
  std::int64_t max_ms = 2'000;
};

inline constexpr std::string_view route53_root = "/2013-04-01/";
inline constexpr std::size_t hosted_zones_max = 100;
inline constexpr std::size_t records_max = 1'000;        // per zone
inline constexpr std::size_t changes_max = 1'000;        // per request
inline constexpr std::size_t changes_kept_max = 10'000;  // for GetChange; the oldest are forgotten

class Route53 {
 public:
  Route53(std::string region, std::uint64_t seed) : region_(std::move(region)), random_(seed) {}

  // A new zone with its NS and SOA records; `vpcs` empty: a public one. Gives its id.
  std::string add_zone(const std::string& name, const std::vector<std::string>& vpcs);
  // At once in force everywhere: how a lab begins.
  Status add_record(const std::string& zone_id, const RecordSet& record);

  // The XML inside the answer.
  std::expected<std::string, AwsError> call(const HttpRequest& request, std::int64_t now_ms);

  // Brings the name servers up to the time. Call before looking at what zones serve.
  void advance(std::int64_t now_ms);
  const std::map<std::string, HostedZone>& zones() const { return zones_; }
  void set_propagation(const Propagation& propagation) { propagation_ = propagation; }
  const Propagation& propagation() const { return propagation_; }

 private:
  struct RecordedChange {
    std::string zone_id;
    std::int64_t submitted_ms = 0;
    std::int64_t insync_ms = 0;
    std::vector<RecordSet> records = {};  // of the whole zone after the change
  };
  using Answer = std::expected<std::string, AwsError>;
  Answer change_records(const HttpRequest& request, std::int64_t now_ms);
  Answer list_records(const HttpRequest& request) const;
  Answer list_zones_by_name(const HttpRequest& request) const;
  Answer list_zones_by_vpc(const HttpRequest& request) const;
  Answer get_change(const std::string& id, std::int64_t now_ms) const;
  std::expected<HostedZone*, AwsError> find_zone(std::string_view id);

  std::string region_;
  Random random_;
  Propagation propagation_{};
  std::map<std::string, HostedZone> zones_;
  std::map<std::string, RecordedChange> changes_;
  std::vector<std::string> change_order_;
  std::vector<std::string> pending_;  // changes the name servers do not have yet, oldest first
};

// "ChangeResourceRecordSets", or empty if the request is none the lab knows.
std::string route53_action(const HttpRequest& request);
// The zone or change the path names, without "/hostedzone/".
std::string route53_id(const HttpRequest& request);
std::string route53_response(const std::string& action, const std::string& content);
// The name servers of a public zone; the lab's DNS answers for all of them.
const std::vector<std::string>& route53_name_servers();

}  // namespace mainstay::lab
