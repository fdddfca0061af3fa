#include "adapters/aws/canned_route53.h"

#include <pugixml.hpp>

#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

std::string parameter(const std::string& target, const std::string& name) {
  const auto begin = target.find(name + "=");
  if (begin == std::string::npos) return {};
  const std::string rest = target.substr(begin + name.size() + 1);
  return percent_decode(rest.substr(0, rest.find('&')));
}

}  // namespace

void CannedRoute53::set(Mood mood) {
  const std::lock_guard lock(mutex_);
  mood_ = mood;
}

CannedRoute53::Answer CannedRoute53::answer(const TestServer::Request& request) {
  const std::lock_guard lock(mutex_);
  if (mood_ != Mood::well) return refusal(request);
  const std::string& target = request.target;
  if (target.starts_with("/2013-04-01/change/")) {
    return reply("GetChange",
                 "<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>"
                 "2026-01-01T00:00:00.000Z</SubmittedAt></ChangeInfo>");
  }
  if (!target.starts_with("/2013-04-01/hostedzone/" + zone().id)) {
    return fault(404, "NoSuchHostedZone", "No hosted zone found with ID: other");
  }
  if (target.find("/rrset") == std::string::npos) {
    return reply("GetHostedZone",
                 "<HostedZone><Id>/hostedzone/Z1EXAMPLE</Id><Name>hz1.local.</Name>"
                 "<CallerReference>x</CallerReference><Config><PrivateZone>true</PrivateZone>"
                 "</Config></HostedZone><VPCs><VPC><VPCRegion>eu-west-1</VPCRegion><VPCId>vpc-1"
                 "</VPCId></VPC></VPCs>");
  }
  return request.method == "GET" ? list(target) : change(request.body);
}

CannedRoute53::Answer CannedRoute53::refusal(const TestServer::Request& request) const {
  if (mood_ == Mood::silent) return {.ending = TestServer::Ending::silence};
  if (mood_ == Mood::throttling) return fault(400, "Throttling", "Rate exceeded");
  const std::string action =
      request.method == "POST" ? "ChangeResourceRecordSets" : "ListResourceRecordSets";
  return fault(403, "AccessDenied",
               "User: arn:aws:iam::1:user/u is not authorized to perform: route53:" + action +
                   " on resource: arn:aws:route53:::hostedzone/Z1EXAMPLE");
}

CannedRoute53::Answer CannedRoute53::list(const std::string& target) const {
  const auto found = records_.lower_bound({parameter(target, "name"), parameter(target, "type")});
  std::string sets;
  if (found != records_.end()) {
    sets = "<ResourceRecordSet><Name>" + found->first.first + "</Name><Type>" +
           found->first.second + "</Type><TTL>" + found->second.ttl +
           "</TTL><ResourceRecords><ResourceRecord><Value>" + found->second.value +
           "</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>";
  }
  return reply("ListResourceRecordSets", "<ResourceRecordSets>" + sets +
                                             "</ResourceRecordSets><IsTruncated>false"
                                             "</IsTruncated><MaxItems>1</MaxItems>");
}

CannedRoute53::Answer CannedRoute53::change(const std::string& body) {
  pugi::xml_document document;
  document.load_buffer(body.data(), body.size());
  const auto one = document.document_element().child("ChangeBatch").child("Changes").first_child();
  const auto set = one.child("ResourceRecordSet");
  const std::pair<std::string, std::string> key{set.child_value("Name"), set.child_value("Type")};
  const Record record{set.child_value("TTL"),
                      set.child("ResourceRecords").child("ResourceRecord").child_value("Value")};
  if (std::string_view(one.child_value("Action")) == "UPSERT") {
    records_[key] = record;
  } else if (const auto found = records_.find(key); found == records_.end()) {
    return fault(400, "InvalidChangeBatch",
                 "[Tried to delete resource record set [name='x', type='A'] but it was not found]");
  } else if (found->second != record) {
    return fault(400, "InvalidChangeBatch",
                 "[Tried to delete resource record set [name='x', type='A'] but the values "
                 "provided do not match the current values]");
  } else {
    records_.erase(found);
  }
  return reply("ChangeResourceRecordSets",
               "<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>"
               "2026-01-01T00:00:00.000Z</SubmittedAt></ChangeInfo>");
}

CannedRoute53::Answer CannedRoute53::reply(const std::string& action, const std::string& content) {
  return {.body = "<?xml version=\"1.0\"?><" + action +
                  "Response xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">" + content +
                  "</" + action + "Response>"};
}

CannedRoute53::Answer CannedRoute53::fault(int status, const std::string& code,
                                           const std::string& message) {
  return {.status = status,
          .body =
              "<?xml version=\"1.0\"?><ErrorResponse "
              "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender"
              "</Type><Code>" +
              code + "</Code><Message>" + message +
              "</Message></Error><RequestId>r</RequestId></ErrorResponse>"};
}

}  // namespace mainstay::aws
