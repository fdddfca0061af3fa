// What we ask of AWS, in our own verbs. The adapter speaks EC2's Query API or the AWS CLI; the
// fakes of sim/ obey the same contract (aws_contract.h) and may lie only as it allows: throttle,
// time out before or after the effect, describe the past, deny.
//
// Errors: not_found (an id that does not exist, with AWS's sentence), denied (missing permission,
// named), throttled, timed_out (a read), outcome_unknown (a change that may have happened),
// unavailable, invalid.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

struct AwsRoute {
  std::string destination;   // CIDR, IPv4 or IPv6
  std::string eni;           // empty if the target is none
  std::string other_target;  // igw-..., nat-..., local ... if the target is no ENI
  bool active = true;        // false: EC2 calls it a blackhole
  friend bool operator==(const AwsRoute&, const AwsRoute&) = default;
};

struct AwsRouteTable {
  std::string id;
  std::string name;  // the tag Name, "" if none
  bool main = false;
  std::vector<std::string> subnets;  // explicitly associated
  std::vector<AwsRoute> routes;
  friend bool operator==(const AwsRouteTable&, const AwsRouteTable&) = default;
};

struct AwsInterface {
  std::string id;
  std::string mac;
  std::string vpc;
  std::string subnet;
  std::string zone;
  std::string instance;  // "" if attached to none
  std::string private_ip;
  bool source_dest_check = true;
  std::vector<std::string> secondary_ips = {};  // IPv4; the metadata service does not tell
  friend bool operator==(const AwsInterface&, const AwsInterface&) = default;
};

enum class InstanceState { pending, running, stopping, stopped, shutting_down, terminated };

struct AwsInstance {
  std::string id;
  InstanceState state = InstanceState::pending;
  // When it was started last, in AWS's own form, whose order is that of time. A stop or a reboot
  // does not change it.
  std::string launched;
  // Of all its interfaces: private and public, IPv4 and IPv6. A terminated instance has none.
  std::vector<std::string> addresses;
  friend bool operator==(const AwsInstance&, const AwsInstance&) = default;
};

enum class InstanceChange { stop, start, protect };

// An Elastic IP address and what it is associated with.
struct AwsAddress {
  std::string allocation;
  std::string public_ip;
  std::string association;  // "" if it is associated with nothing; each one gets a new id
  std::string eni;
  std::string private_ip;
  friend bool operator==(const AwsAddress&, const AwsAddress&) = default;
};

enum class ZoneState { available, information, impaired, unavailable };

struct AwsZone {
  std::string name;
  ZoneState state = ZoneState::available;
  std::vector<std::string> messages;  // what AWS says of it
  friend bool operator==(const AwsZone&, const AwsZone&) = default;
};

// ---- Route 53.
enum class RecordType { a, aaaa };

// A simple record set: one without a routing policy.
struct AwsRecord {
  std::string zone;  // the hosted zone's id
  std::string name;  // with a dot at its end
  RecordType type = RecordType::a;
  std::vector<std::string> addresses;  // none: it is an alias
  Duration ttl{};
  friend bool operator==(const AwsRecord&, const AwsRecord&) = default;
};

enum class RecordChange { upsert, remove };

struct AwsHostedZone {
  std::string id;
  std::string name;  // with a dot at its end
  bool is_private = false;
  std::vector<std::string> name_servers;  // of a public zone
  std::vector<std::string> vpcs = {};     // of a private one: where its names are resolved
  friend bool operator==(const AwsHostedZone&, const AwsHostedZone&) = default;
};

// ---- What AWS announces to an instance through its metadata service.
enum class NoticeKind {
  spot_interruption,
  rebalance,    // a recommendation: the interruption of a Spot Instance has become likely
  maintenance,  // a scheduled event
  scale_in,     // Auto Scaling ends the instance
};

struct AwsNotice {
  NoticeKind kind = NoticeKind::maintenance;
  std::string what;            // in AWS's words: "terminate", "system-reboot: ..."
  std::optional<WallTime> at;  // when it begins, if that is said
  friend bool operator==(const AwsNotice&, const AwsNotice&) = default;
};

// Who this instance is, from the metadata service.
struct AwsIdentity {
  std::string instance;
  std::string region;
  std::string zone;
  std::vector<AwsInterface> interfaces;  // id, mac, vpc, subnet, private_ip are filled in
};

class Aws {
 public:
  virtual ~Aws() = default;

  virtual Task<Result<AwsIdentity>> identity(Call call) = 0;
  // All CIDR blocks of the VPC, IPv4 and IPv6.
  virtual Task<Result<std::vector<std::string>>> vpc_cidrs(std::string vpc, Call call) = 0;
  virtual Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) = 0;
  virtual Task<Result<AwsInterface>> network_interface(std::string eni, Call call) = 0;
  // Points an existing route at the ENI. Idempotent. not_found: the table has no such route.
  virtual Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                                     Call call) = 0;
  // not_found: there is no such allocation in this region and account.
  virtual Task<Result<AwsAddress>> address(std::string allocation, Call call) = 0;
  // Takes the address to this private address of the ENI ("": its primary one), wherever it was
  // before. Idempotent.
  virtual Task<Status> associate_address(std::string allocation, std::string eni,
                                         std::string private_ip, Call call) = 0;
  // Ends this association and no later one. not_found: it has ended.
  virtual Task<Status> disassociate_address(std::string association, Call call) = 0;
  // Makes this a secondary private address of the ENI, wherever it was before. Idempotent.
  virtual Task<Status> assign_private_ip(std::string eni, std::string address, Call call) = 0;
  // not_found: there is no such hosted zone.
  virtual Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) = 0;
  // nullopt: the zone has no such record set.
  virtual Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name,
                                                        RecordType type, Call call) = 0;
  // Gives the change's id once Route 53 has accepted it; its name servers follow. Idempotent.
  // Removal takes only what is exactly so. not_found: there is no such zone, or nothing like that.
  virtual Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                                  Call call) = 0;
  // Whether all name servers of the zone know of the change.
  virtual Task<Result<bool>> change_in_sync(std::string change, Call call) = 0;
  // What is announced to this instance; usually nothing.
  virtual Task<Result<std::vector<AwsNotice>>> notices(Call call) = 0;
  // not_found: there is no such Availability Zone in this region.
  virtual Task<Result<AwsZone>> zone(std::string name, Call call) = 0;
  // May show the past, as all descriptions may.
  virtual Task<Result<AwsInstance>> instance(std::string id, Call call) = 0;
  // The instance that holds this private address in the VPC. not_found: none does.
  virtual Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                          Call call) = 0;
  // Asks for a forced stop, skipping the guest's shutdown where the API can. Accepted is not
  // stopped: read the state. conflict: it is protected.
  virtual Task<Status> stop_instance(std::string instance, Call call) = 0;
  // Whether EC2 refuses to stop it, whoever asks. Counts for every stop that is asked for after
  // this was done. Idempotent. EC2 user guide: "Enable stop protection for your EC2 instances".
  virtual Task<Status> protect_instance(std::string instance, bool on, Call call) = 0;
  // Accepted is not running. One that runs is left as it is. conflict: it is still stopping.
  virtual Task<Status> start_instance(std::string instance, Call call) = 0;
  // Whether such a change would be permitted now. Changes nothing.
  virtual Task<Status> may_change_instance(InstanceChange change, std::string instance,
                                           Call call) = 0;
};

}  // namespace mainstay
