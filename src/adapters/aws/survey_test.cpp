// Trials: what is asked with DryRun, and what its answers mean.
#include "adapters/aws/survey.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

struct World {
  ManualClock clock;
  ScriptedHttp http{clock};
  Client client{{.clock = clock,
                 .http = http.sender(),
                 .identity = {.current = &fixed_credentials, .discard = [] {}},
                 .endpoint = &fixed_endpoint,
                 .parse_fault = &parse_fault,
                 .random = Random(1),
                 .retry = {}}};
  Ec2Survey survey{
      {.clock = clock, .client = client, .http = http.sender(), .endpoint = &fixed_endpoint}};

  static Task<Result<Credentials>> fixed_credentials(Call) {
    co_return Credentials{"AKIDEXAMPLE", "secret", "", std::nullopt};
  }
  static Task<Result<Endpoint>> fixed_endpoint(std::string, Call) {
    co_return Endpoint{
        .url = "https://ec2.example.com", .region = "eu-west-1", .proxy = "", .tls = {}};
  }
  Call within() { return {clock.now() + 10s, {}}; }
  void refuses(int status, const std::string& code) {
    http.answers(status, fmt::format("<Response><Errors><Error><Code>{}</Code><Message>m</Message>"
                                     "</Error></Errors></Response>",
                                     code));
  }
  std::string asked() const { return http.seen.back().request.body; }
};

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

TEST_CASE("a trial of an association asks with DryRun and changes nothing") {
  World world;
  world.refuses(412, "DryRunOperation");
  CHECK(run(world.clock, world.survey.may_associate_address("eipalloc-1", "eni-a", world.within()))
            .has_value());
  for (const char* part : {"Action=AssociateAddress", "AllocationId=eipalloc-1",
                           "NetworkInterfaceId=eni-a", "AllowReassociation=true", "DryRun=true"}) {
    CAPTURE(part);
    CHECK(has(world.asked(), part));
  }
  world.refuses(412, "DryRunOperation");
  CHECK(run(world.clock, world.survey.may_disassociate_address("eipassoc-1", world.within()))
            .has_value());
  CHECK(has(world.asked(), "Action=DisassociateAddress"));
  CHECK(has(world.asked(), "AssociationId=eipassoc-1"));
  CHECK(has(world.asked(), "DryRun=true"));
}

TEST_CASE("a trial that is refused is denied, and one that is not refused at all makes no sense") {
  World world;
  world.refuses(403, "UnauthorizedOperation");
  const Status denied =
      run(world.clock, world.survey.may_disassociate_address("eipassoc-1", world.within()));
  REQUIRE_FALSE(denied.has_value());
  CHECK(denied.error().code == Code::denied);
  world.http.answers(200, "<AssociateAddressResponse/>");
  const Status strange =
      run(world.clock, world.survey.may_associate_address("eipalloc-1", "eni-a", world.within()));
  REQUIRE_FALSE(strange.has_value());
  CHECK(strange.error().code == Code::corrupt);
}

TEST_CASE("a placed interface has its secondary addresses, too") {
  const auto placed = parse_placed_interfaces(
      "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>"
      "<networkInterfaceId>eni-1</networkInterfaceId><privateIpAddress>10.0.0.4</privateIpAddress>"
      "<privateIpAddressesSet><item><privateIpAddress>10.0.0.4</privateIpAddress>"
      "<primary>true</primary></item><item><privateIpAddress>10.0.0.5</privateIpAddress>"
      "<primary>false</primary></item></privateIpAddressesSet></item></networkInterfaceSet>"
      "</DescribeNetworkInterfacesResponse>");
  REQUIRE(placed.has_value());
  REQUIRE(placed->size() == 1);
  CHECK(placed->front().interface.secondary_ips == std::vector<std::string>{"10.0.0.5"});
}

// What STS says of whoever asks, and what IAM simulates.
void says_who(World& world, const char* arn) {
  world.http.answers(200,
                     fmt::format("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{}"
                                 "</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>",
                                 arn));
}
void simulates(World& world, const char* decision) {
  world.http.answers(
      200, fmt::format("<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>"
                       "<EvaluationResults><member><EvalActionName>ec2:AssignPrivateIpAddresses"
                       "</EvalActionName><EvalDecision>{}</EvalDecision></member>"
                       "</EvaluationResults></SimulatePrincipalPolicyResult>"
                       "</SimulatePrincipalPolicyResponse>",
                       decision));
}

Status simulated(World& world) {
  return run(world.clock, world.survey.may_assign_private_ip("eni-a", world.within()));
}

TEST_CASE("what has no trial is simulated by IAM, for the role that an instance has taken") {
  World world;
  says_who(world, "arn:aws-cn:sts::111122223333:assumed-role/node/i-1");
  simulates(world, "allowed");
  CHECK(simulated(world).has_value());
  for (const char* part :
       {"Action=SimulatePrincipalPolicy",
        "PolicySourceArn=arn%3Aaws-cn%3Aiam%3A%3A111122223333%3Arole%2Fnode",
        "ActionNames.member.1=ec2%3AAssignPrivateIpAddresses",
        "ResourceArns.member.1=arn%3Aaws-cn%3Aec2%3Aeu-west-1%3A111122223333%3Anetwork-interface"
        "%2Feni-a"}) {
    CAPTURE(part);
    CHECK(has(world.asked(), part));
  }
  says_who(world, "arn:aws:iam::111122223333:user/eve");
  simulates(world, "implicitDeny");
  CHECK(simulated(world).error().code == Code::denied);
  CHECK(has(world.asked(), "PolicySourceArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Feve"));
  says_who(world, "arn:aws:iam::111122223333:user/eve");
  simulates(world, "explicitDeny");
  CHECK(has(simulated(world).error().message, "denies it explicitly"));
}

TEST_CASE("where IAM may not be asked, or says nothing, nothing is known") {
  World world;
  world.refuses(403, "AccessDenied");
  CHECK(simulated(world).error().code == Code::unavailable);
  says_who(world, "arn:aws:sts::111122223333:assumed-role/node/i-1");
  world.refuses(403, "AccessDenied");
  CHECK(simulated(world).error().code == Code::unavailable);
  says_who(world, "nonsense");
  CHECK(simulated(world).error().code == Code::unavailable);
  CHECK(parse_simulation("<html/>", "ec2:AssignPrivateIpAddresses").error().code ==
        Code::unavailable);
}

}  // namespace
}  // namespace mainstay::aws
