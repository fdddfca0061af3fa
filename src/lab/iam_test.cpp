// Policies: what they say, and what they are refused for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lab/iam_policy.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

const std::string table = "arn:aws:ec2:ap-northeast-1:123456789012:route-table/rtb-1";

Policy policy(const std::string& statements) {
  const auto parsed =
      parse_policy("p", fmt::format(R"({{"Version":"2012-10-17","Statement":[{}]}})", statements));
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
  return *parsed;
}

Verdict verdict(const std::string& statements, const AccessRequest& request) {
  return decide_access({policy(statements)}, request).verdict;
}

std::string problem(const std::string& text) {
  const auto parsed = parse_policy("p", text);
  return parsed ? "none" : parsed.error().message;
}

const std::string allow_replace =
    fmt::format(R"({{"Effect":"Allow","Action":"ec2:ReplaceRoute","Resource":"{}"}})", table);

}  // namespace

TEST_CASE("what nothing allows is denied, and a denial wins over a permission") {
  const AccessRequest replace{"ec2:ReplaceRoute", {{table}}};
  CHECK(verdict(allow_replace, replace) == Verdict::allowed);
  CHECK(verdict(allow_replace, {"ec2:ReplaceRoute", {{table + "0"}}}) == Verdict::implicit_deny);
  CHECK(verdict(allow_replace, {"ec2:CreateRoute", {{table}}}) == Verdict::implicit_deny);
  CHECK(verdict(allow_replace + R"(,{"Effect":"Deny","Action":"ec2:Rep*","Resource":"*"})",
                replace) == Verdict::explicit_deny);
  CHECK(decide_access({}, replace).verdict == Verdict::implicit_deny);
  CHECK(decide_access({policy_allowing_everything()}, replace).verdict == Verdict::allowed);
}

TEST_CASE("every resource of a call must be allowed, and the first that is not is named") {
  const AccessRequest both{"ec2:ReplaceRoute", {{table}, {"arn:aws:ec2:x:1:thing/y"}}};
  const AccessDecision decision = decide_access({policy(allow_replace)}, both);
  CHECK(decision.verdict == Verdict::implicit_deny);
  CHECK(decision.resource == "arn:aws:ec2:x:1:thing/y");
}

TEST_CASE("actions are compared without case, by patterns, and by exclusion") {
  const auto allowed = [](const std::string& element, const std::string& action) {
    return verdict(fmt::format(R"({{"Effect":"Allow",{},"Resource":"*"}})", element),
                   {action, {{"*"}}}) == Verdict::allowed;
  };
  CHECK(allowed(R"("Action":"EC2:describe*")", "ec2:DescribeVpcs"));
  CHECK(allowed(R"("Action":["a:b","ec2:DescribeVpc?"])", "ec2:DescribeVpcs"));
  CHECK_FALSE(allowed(R"("Action":"ec2:Describe*")", "ec2:ReplaceRoute"));
  CHECK(allowed(R"("NotAction":"iam:*")", "ec2:ReplaceRoute"));
  CHECK_FALSE(allowed(R"("NotAction":"ec2:*")", "ec2:ReplaceRoute"));
}

TEST_CASE("conditions narrow a statement") {
  const auto allowed = [](const std::string& condition, const ConditionValues& known) {
    return verdict(fmt::format(R"({{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}})",
                               condition),
                   {"ec2:X", {{"*", known}}}) == Verdict::allowed;
  };
  const ConditionValues tokyo = {{"aws:requestedregion", {"ap-northeast-1"}}};
  const std::string equals = R"({"StringEquals":{"aws:RequestedRegion":["ap-northeast-1"]}})";
  CHECK(allowed(equals, tokyo));
  CHECK_FALSE(allowed(equals, {}));
  CHECK_FALSE(allowed(equals, {{"aws:requestedregion", {"us-east-1"}}}));
  CHECK(allowed(R"({"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}})", {}));
  const std::string names = R"({"ForAllValues:StringLike":{"route53:Names":["a.*","b"]}})";
  CHECK(allowed(names, {{"route53:names", {"a.x", "b"}}}));
  CHECK_FALSE(allowed(names, {{"route53:names", {"a.x", "c"}}}));
}

TEST_CASE("a document that is not understood whole is refused") {
  CHECK(problem("[]").find("no JSON object") != std::string::npos);
  CHECK(problem(R"({"Version":"2012-10-17","Statement":[]})").find("no Statement") !=
        std::string::npos);
  CHECK(problem(R"({"Statement":[]})").find("Version") != std::string::npos);
  const auto statement = [](const std::string& text) {
    return problem(fmt::format(R"({{"Version":"2012-10-17","Statement":{{{}}}}})", text));
  };
  CHECK(statement(R"("Effect":"Maybe","Action":"*","Resource":"*")").find("Allow or Deny") !=
        std::string::npos);
  CHECK(statement(R"("Effect":"Allow","Resource":"*")").find("either Action or NotAction") !=
        std::string::npos);
  CHECK(statement(R"("Effect":"Allow","Action":"ReplaceRoute","Resource":"*")")
            .find("no action such as") != std::string::npos);
  CHECK(statement(R"("Effect":"Allow","Action":"*","Resource":"rtb-1")").find("no ARN") !=
        std::string::npos);
  CHECK(statement(R"("Effect":"Allow","Action":"*","Resource":"*","Colour":"red")")
            .find("unknown element 'Colour'") != std::string::npos);
  CHECK(
      statement(R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{}})")
          .find("no condition 'NumericEquals'") != std::string::npos);
}
