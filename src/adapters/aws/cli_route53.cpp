#include "adapters/aws/cli_route53.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>

#include <fmt/format.h>

#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

using Json = nlohmann::ordered_json;

// What follows "/hostedzone/" and the like, up to the next slash or the query.
std::string id_after(std::string_view path, std::string_view marker) {
  const auto begin = path.find(marker);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = path.substr(begin + marker.size());
  return percent_decode(rest.substr(0, rest.find_first_of("/?")));
}

std::string parameter(std::string_view path, std::string_view name) {
  std::string_view query = path.substr(std::min(path.find('?'), path.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size());
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) != name) continue;
    return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
  }
  return {};
}

Json record_set(pugi::xml_node node) {
  const std::string_view text = node.child_value("TTL");
  long long ttl = 0;
  std::from_chars(text.data(), text.data() + text.size(), ttl);
  Json values = Json::array();
  for (const auto record : node.child("ResourceRecords").children("ResourceRecord")) {
    values.push_back({{"Value", record.child_value("Value")}});
  }
  return {{"Name", node.child_value("Name")},
          {"Type", node.child_value("Type")},
          {"TTL", ttl},
          {"ResourceRecords", std::move(values)}};
}

Json change_batch(const std::string& body) {
  pugi::xml_document document;
  document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  Json changes = Json::array();
  const auto batch = document.document_element().child("ChangeBatch");
  for (const auto change : batch.child("Changes").children("Change")) {
    changes.push_back({{"Action", change.child_value("Action")},
                       {"ResourceRecordSet", record_set(change.child("ResourceRecordSet"))}});
  }
  return {{"Changes", std::move(changes)}};
}

void write(pugi::xml_node node, const std::string& name, const Json& value);

void write_members(pugi::xml_node node, const Json& object) {
  for (const auto& [name, value] : object.items()) write(node, name, value);
}

// A list is called as what is in it, with an s.
void write(pugi::xml_node node, const std::string& name, const Json& value) {
  if (value.is_null() || name.empty()) return;
  pugi::xml_node child = node.append_child(name.c_str());
  if (value.is_object()) return write_members(child, value);
  if (value.is_array()) {
    const std::string single = name.ends_with('s') ? name.substr(0, name.size() - 1) : name;
    for (const Json& each : value) write(child, single, each);
    return;
  }
  const std::string text = value.is_string()
                               ? value.get<std::string>()
                               : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  child.text().set(text.c_str());
}

}  // namespace

Result<std::string> route53_input(const Question& question) {
  Json input = Json::object();
  const std::string_view path = question.path;
  if (question.action == "GetHostedZone") {
    input["Id"] = id_after(path, "/hostedzone/");
  } else if (question.action == "GetChange") {
    input["Id"] = id_after(path, "/change/");
  } else if (question.action == "ListResourceRecordSets") {
    input = {{"HostedZoneId", id_after(path, "/hostedzone/")},
             {"StartRecordName", parameter(path, "name")},
             {"StartRecordType", parameter(path, "type")},
             {"MaxItems", parameter(path, "maxitems")}};
  } else if (question.action == "ChangeResourceRecordSets") {
    input = {{"HostedZoneId", id_after(path, "/hostedzone/")},
             {"ChangeBatch", change_batch(question.body)}};
  } else {
    return failure(Code::invalid,
                   fmt::format("the AWS CLI is not asked for Route 53's {}. Set backend = "
                               "\"native\" in [aws]",
                               question.action));
  }
  return input.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<std::string> route53_reply(const Question& question, std::string_view json) {
  const Json answer = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) {
    return failure(Code::corrupt, fmt::format("the AWS CLI's answer to {} is no JSON object ({} "
                                              "bytes). Is CLP_AWS_CMD the AWS CLI?",
                                              question.action, json.size()));
  }
  pugi::xml_document document;
  write_members(document.append_child((question.action + "Response").c_str()), answer);
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  return text.str();
}

}  // namespace mainstay::aws
