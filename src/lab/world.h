// A running lab: the account, the network, the instances, the endpoints, and what goes wrong with
// them.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lab/accounts.h"
#include "lab/api_faults.h"
#include "lab/api_services.h"
#include "lab/dns_resolver.h"
#include "lab/dns_server.h"
#include "lab/dynamodb.h"
#include "lab/ec2.h"
#include "lab/events.h"
#include "lab/http_server.h"
#include "lab/imds.h"
#include "lab/instances.h"
#include "lab/later.h"
#include "lab/network.h"
#include "lab/rate_limits.h"
#include "lab/route53.h"
#include "lab/tls.h"
#include "lab/volumes/volumes.h"

namespace mainstay::lab {

struct WorldOptions {
  std::string directory;
  std::string layout_text;
  std::vector<std::string> binds = {};  // host directories instances must see at their place
  std::string cgroup = {};              // of this lab; empty: none
  std::string clock_library =
      {};  // gives instances a time of day of their own; empty: they have none
  int stop_patience_s = 10;
};

inline constexpr std::size_t denials_max = 1'000;
inline constexpr Duration default_public_delay = std::chrono::milliseconds(100);

class World {
 public:
  // Everything up, all instances booted.
  static Result<std::unique_ptr<World>> build(const WorldOptions& options);
  ~World();

  // What the endpoints answer; called by their servers.
  HttpResponse on_api(const HttpRequest& request);
  HttpResponse on_metadata(const HttpRequest& request);
  std::optional<DnsAnswer> on_vpc_dns(const DnsQuestion& question, Ipv4 peer);
  DnsAnswer on_internet_dns(const DnsQuestion& question);
  DnsAnswer on_name_server_dns(const DnsQuestion& question);

  // The commands of `mainstay-lab fault`; the answer is a sentence.
  Result<std::string> fault(const std::vector<std::string>& words);
  Status set_boot_command(const std::string& instance, const std::vector<std::string>& argv);
  std::string status_json();
  std::string events_json(std::uint64_t since) const;
  Result<std::string> environment(const std::string& instance);
  const std::map<std::string, int>& phases_ms() const { return phases_ms_; }

 private:
  struct Call {  // of the API, on its way through
    const HttpRequest& request;
    Query query;
    Service service = Service::ec2;
    std::string action = {};
    std::string id = {};
    std::int64_t started_ns = monotonic_ns();
    std::int64_t now_ms = 0;  // by the endpoint's clock, which may be set wrong
    Principal principal = {};
    bool known = false;  // the signature is good
    ApiDecision decision = {};
    std::optional<AwsError> error = {};
    std::string content = {};
  };
  explicit World(const WorldOptions& options) : options_(options), model_() {}
  Status set_up(const Layout& layout);
  Status prepare_disks(const Layout& layout);
  InitSpec init_spec(const Layout& layout, const LayoutInstance& instance) const;
  std::string hosts_file(const LayoutInstance& instance) const;
  std::string resolver_file(const LayoutInstance& instance) const;
  Status make_zones(const Layout& layout);
  Status start_servers();
  Status start_dns_servers();
  void on_life(const std::string& instance, Life life, bool own_will);

  // DNS; world_dns.cpp.
  std::vector<RecordSet> endpoint_records(bool inside) const;
  std::vector<RecordSet> internal_records() const;
  DnsAnswer look_up_locked(const DnsQuestion& question, bool inside);
  std::optional<DnsAnswer> look_up_elsewhere_locked(const DnsQuestion& question) const;
  DnsAnswer resolve_locked(const DnsQuestion& question, bool inside);

  // Calls of the API, in order of their steps; world_api.cpp.
  void admit(Call& call);
  void perform(Call& call);
  std::vector<InstanceOrder> perform_locked(Call& call);
  bool region_fits(Service service, const std::string& region) const;
  std::string caller_at(const std::string& peer) const;
  std::expected<std::string, AwsError> answer_locked(const Call& call);
  static std::vector<std::pair<std::string, std::string>> parameters_of(const Call& call);
  void record(const Call& call);
  static HttpResponse response_to(const Call& call);
  Ec2Outcome execute(const Call& call);
  Status commit(Model next, const std::string& cause);
  Status apply_changes(const std::vector<Change>& all, const std::string& cause);
  void apply_later(const std::vector<Change>& all, const std::string& cause);
  std::shared_ptr<const Model> seen_after(std::int64_t stale_ms) const;

  // Permissions, and the calls of STS and IAM; world_iam.cpp.
  bool refuse_unpermitted(Call& call);
  std::string encode_message(std::string message);
  std::expected<std::string, AwsError> answer_sts(const Call& call);
  std::expected<std::string, AwsError> answer_iam(const Call& call) const;
  std::expected<std::string, AwsError> assume_role(const Call& call, bool by_token);

  // Orders to instances; world_orders.cpp.
  void carry_out(const InstanceOrder& order);
  void run_order(const InstanceOrder& order);
  void order_stop(const std::string& instance, bool force);
  // After the delay that is in force; false if the instance is not to be stopped any more.
  bool await_stop(const std::string& instance);
  void order_reboot(const std::string& instance);
  void set_state(const std::string& instance, InstanceState state);

  // Faults, by what they concern; world_faults.cpp.
  Result<std::string> fault_instance(const std::string& verb,
                                     const std::vector<std::string>& words);
  Result<std::string> fault_cut(const std::vector<std::string>& words);
  Result<std::string> fault_heal(const std::vector<std::string>& words);
  Result<std::string> fault_line(const std::vector<std::string>& words);
  Result<std::string> fault_api(const std::vector<std::string>& words);
  Result<std::string> fault_metadata(const std::vector<std::string>& words);
  Result<std::string> fault_dns(const std::vector<std::string>& words);
  Result<std::string> fault_delegation(const std::vector<std::string>& words);
  Result<std::string> fault_route53(const std::vector<std::string>& words);
  Result<std::string> fault_zone(const std::vector<std::string>& words);
  Result<std::string> fault_notice(const std::vector<std::string>& words);
  Result<std::string> fault_limit(const std::vector<std::string>& words);
  Result<std::string> fault_lag(const std::vector<std::string>& words);
  Result<std::string> fault_public_delay(const std::vector<std::string>& words);
  Result<std::string> fault_policy(const std::vector<std::string>& words);
  Result<std::string> fault_role(const std::vector<std::string>& words);
  Result<std::string> fault_credentials(const std::vector<std::string>& words);
  Result<std::string> fault_clock(const std::vector<std::string>& words);
  Result<std::string> fault_permission(const std::string& verb,
                                       const std::vector<std::string>& words);
  Result<std::string> fault_stop_delay(const std::vector<std::string>& words);
  Result<std::string> fault_clear();
  Result<std::string> add_api_fault(ApiFault fault, const std::vector<std::string>& words);
  Status put_cuts_in_force();

  WorldOptions options_;
  EventLog events_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Volumes> volumes_;
  std::unique_ptr<TlsContext> tls_;
  std::map<std::string, int> phases_ms_;  // how long each part of coming up took

  mutable std::mutex mutex_;  // guards what follows; never held while Instances is called
  Model model_;
  std::deque<std::pair<std::int64_t, std::shared_ptr<const Model>>>
      history_;  // since when (monotonic)
  std::optional<Accounts> accounts_;
  std::optional<MetadataService> metadata_;
  std::optional<DynamoDb> dynamodb_;
  std::optional<Route53> route53_;
  DnsResolver vpc_resolver_;
  DnsResolver internet_resolver_;
  std::vector<std::string> dns_out_;  // instances whose resolver is silent; "*": all
  std::map<std::string, std::vector<std::string>> delegations_;  // domain -> foreign name servers
  RateLimits limits_;
  std::deque<std::pair<std::string, std::string>> denials_;  // encoded message -> what it says
  std::string web_identity_token_;
  std::int64_t read_lag_ms_ = 0;                  // writes show in reads after at most so long
  Duration public_delay_ = default_public_delay;  // so long a public address takes to move
  std::vector<ApiFault> api_faults_;
  std::uint64_t api_faults_made_ = 0;
  std::vector<Cut> cuts_;
  std::vector<std::string> metadata_out_;  // instances whose metadata service is silent; "*": all
  std::vector<std::string> metadata_off_;  // those whose service is turned off, and says so
  Duration stop_delay_{};                  // how long StopInstances takes
  Random random_{1};
  std::size_t orders_running_ = 0;
  std::condition_variable changed_;  // an order is done, or the lab ends
  bool ending_ = false;

  Later later_;
  std::unique_ptr<Instances> instances_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
  std::vector<std::unique_ptr<DnsServer>> dns_servers_;
};

inline constexpr std::size_t history_max = 256;
inline constexpr std::size_t orders_max = 64;
inline constexpr int metadata_port = 80;

// The names the endpoints answer to.
std::vector<std::string> endpoint_names(const std::string& region);

}  // namespace mainstay::lab
