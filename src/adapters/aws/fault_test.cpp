#include "adapters/aws/fault.h"

#include <doctest/doctest.h>

namespace mainstay::aws {
namespace {

TEST_CASE("every code of AWS means one thing to us") {
  struct Row {
    int status;
    const char* code;
    FaultKind kind;
    Code meaning;
  };
  using enum FaultKind;
  const std::vector<Row> rows = {
      {503, "RequestLimitExceeded", throttled, Code::throttled},
      {400, "Throttling", throttled, Code::throttled},
      {429, "", throttled, Code::throttled},
      {500, "InternalError", transient, Code::unavailable},
      {503, "Unavailable", transient, Code::unavailable},
      {502, "", transient, Code::unavailable},
      {400, "RequestTimeout", transient, Code::unavailable},
      {400, "RequestExpired", clock, Code::denied},
      {403, "SignatureDoesNotMatch", clock, Code::denied},
      {401, "AuthFailure", clock, Code::denied},
      {400, "ExpiredToken", expired, Code::denied},
      {403, "InvalidClientTokenId", expired, Code::denied},
      {403, "UnauthorizedOperation", final, Code::denied},
      {403, "AccessDenied", final, Code::denied},
      {403, "", final, Code::denied},
      {400, "InvalidVpcID.NotFound", final, Code::not_found},
      {400, "InvalidRouteTableID.NotFound", final, Code::not_found},
      {400, "InvalidNetworkInterfaceID.NotFound", final, Code::not_found},
      {400, "InvalidInstanceID.NotFound", final, Code::not_found},
      {404, "NoSuchHostedZone", final, Code::not_found},
      {400, "InvalidInstanceID.Malformed", final, Code::invalid},
      {400, "InvalidParameterValue", final, Code::invalid},
      {400, "IncorrectInstanceState", final, Code::conflict},
      {400, "OperationNotPermitted", final, Code::conflict},
      {400, "InvalidNetworkInterface.InUse", final, Code::conflict},
      {400, "RouteAlreadyExists", final, Code::conflict},
      {400, "Resource.AlreadyAssociated", final, Code::conflict},
      {412, "DryRunOperation", final, Code::invalid},
      {400, "", final, Code::invalid},
  };
  for (const auto& row : rows) {
    CAPTURE(row.code);
    CAPTURE(row.status);
    const Fault fault{row.status, row.code, ""};
    CHECK(kind_of(fault) == row.kind);
    CHECK(code_of(fault) == row.meaning);
  }
}

TEST_CASE("a refusal names who lacks which permission on what") {
  const Fault long_form{
      403, "UnauthorizedOperation",
      "You are not authorized to perform this operation. User: "
      "arn:aws:sts::123456789012:assumed-role/node/i-1 is not authorized to perform: "
      "ec2:ReplaceRoute on resource: arn:aws:ec2:eu-west-1:123456789012:route-table/rtb-1 because "
      "no identity-based policy allows the ec2:ReplaceRoute action. Encoded authorization failure "
      "message: abcdef"};
  CHECK(sentence_of(long_form, "ec2:X", "table") ==
        "arn:aws:sts::123456789012:assumed-role/node/i-1 is not permitted to do ec2:ReplaceRoute "
        "on arn:aws:ec2:eu-west-1:123456789012:route-table/rtb-1. Add the action to the policy of "
        "its IAM role.");
  const Fault short_form{403, "UnauthorizedOperation",
                         "You are not authorized to perform this operation. Encoded authorization "
                         "failure message: abcdef"};
  CHECK(sentence_of(short_form, "ec2:StopInstances", "instance i-2") ==
        "this node's AWS identity is not permitted to do ec2:StopInstances on instance i-2. Add "
        "the action to the policy of its IAM role.");
  const Fault explicit_deny{403, "UnauthorizedOperation",
                            "User: arn:u is not authorized to perform: ec2:X on resource: arn:r "
                            "with an explicit deny in a service control policy."};
  CHECK(sentence_of(explicit_deny, "", "").ends_with("remove that statement."));
}

TEST_CASE("other sentences are AWS's own, with its code, and not longer than a person reads") {
  CHECK(sentence_of({400, "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist."}, "", "") ==
        "The vpc ID 'vpc-1' does not exist (InvalidVpcID.NotFound)");
  CHECK(sentence_of({502, "", ""}, "", "") == "HTTP status 502");
  CHECK(sentence_of({400, "X", std::string(5000, 'a')}, "", "").size() < 450);
}

}  // namespace
}  // namespace mainstay::aws
