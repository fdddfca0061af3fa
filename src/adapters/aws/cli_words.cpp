#include "adapters/aws/cli_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>

#include <fmt/format.h>

#include "adapters/aws/cli_route53.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::map<std::string_view, std::string_view>;

constexpr std::size_t complaint_size_max = 400;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// ---- Questions. The Query API counts the elements of a list called "VpcId"; the CLI knows the
// list "VpcIds".
std::string list_name(const std::string& element) {
  static const Words odd = {{"PrivateIpAddress", "PrivateIpAddresses"},
                            {"Ipv6Addresses", "Ipv6Addresses"}};
  const auto found = odd.find(element);
  return found == odd.end() ? element + "s" : std::string(found->second);
}

// A filter's values are texts, whatever they look like.
enum class Place { list, member };
Json value_of(const std::string& text, Place place) {
  if (place == Place::member && (text == "true" || text == "false")) return text == "true";
  return text;
}

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

// "Filter.1.Value.2" is put at ["Filters"][0]["Values"][1].
void put(Json& root, const std::string& name, const std::string& text) {
  const auto parts = parts_of(name);
  Json* at = &root;
  Place place = Place::member;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool counted = i + 1 < parts.size() && is_number(parts[i + 1]);
    at = &(*at)[counted ? list_name(parts[i]) : parts[i]];
    place = counted ? Place::list : Place::member;
    if (!counted) continue;
    std::size_t number = 1;
    const std::string& digits = parts[++i];
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    at = &(*at)[std::clamp<std::size_t>(number, 1, 1000) - 1];
  }
  *at = value_of(text, place);
}

Json input_of(std::string_view form) {
  Json input = Json::object();
  while (!form.empty()) {
    const auto pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(pair.size() + 1, form.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decode(pair.substr(0, equals));
    if (name.empty() || name == "Action" || name == "Version") continue;
    put(input, name, percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return input;
}

// ---- Answers. What the API's own documents call things, where that is not the CLI's word with a
// small first letter, or a list's with "Set".
std::string set_name(const std::string& list) {
  static const Words odd = {{"Instances", "instancesSet"},
                            {"StoppingInstances", "instancesSet"},
                            {"StartingInstances", "instancesSet"},
                            {"PrivateIpAddresses", "privateIpAddressesSet"},
                            {"AssignedPrivateIpAddresses", "assignedPrivateIpAddressesSet"},
                            {"Ipv6Addresses", "ipv6AddressesSet"},
                            {"Addresses", "addressesSet"},
                            {"SecurityGroups", "securityGroupInfo"},
                            {"AvailabilityZones", "availabilityZoneInfo"},
                            {"IpPermissions", "ipPermissions"},
                            {"IpRanges", "ipRanges"},
                            {"Ipv6Ranges", "ipv6Ranges"},
                            {"PrefixListIds", "prefixListIds"},
                            {"UserIdGroupPairs", "groups"}};
  if (const auto found = odd.find(list); found != odd.end()) return std::string(found->second);
  std::string name = list;
  name.front() = static_cast<char>(name.front() - 'A' + 'a');
  if (name.ends_with("Set")) return name;
  if (name.ends_with('s')) name.pop_back();
  return name + "Set";
}

std::string member_name(const std::string& name, const Json& value, std::string_view parent) {
  // An instance's state has a code, and its public address another name than anywhere else.
  if (name == "State" && value.is_object() && value.contains("Code")) return "instanceState";
  if (name == "State" && parent == "AvailabilityZones") return "zoneState";
  if (name == "PublicIpAddress") return "ipAddress";
  std::string small = name;
  if (is_upper(small.front())) small.front() = static_cast<char>(small.front() - 'A' + 'a');
  return small;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_members(pugi::xml_node node, const Json& object, std::string_view parent);

void write(pugi::xml_node node, const std::string& name, const Json& value,
           std::string_view parent) {
  if (value.is_null() || name.empty()) return;
  if (value.is_array()) {
    pugi::xml_node set = node.append_child(set_name(name).c_str());
    for (const Json& each : value) {
      pugi::xml_node item = set.append_child("item");
      if (each.is_object()) write_members(item, each, name);
      if (each.is_primitive()) item.text().set(text_of(each).c_str());
    }
    return;
  }
  pugi::xml_node child = node.append_child(member_name(name, value, parent).c_str());
  if (value.is_object()) {
    write_members(child, value, name);
  } else {
    child.text().set(text_of(value).c_str());
  }
}

void write_members(pugi::xml_node node, const Json& object, std::string_view parent) {
  for (const auto& [name, value] : object.items()) write(node, name, value, parent);
}

std::string xml_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  return text.str();
}

// ---- Complaints.
struct Complaint {
  int status = 400;
  std::string_view code;
  std::string_view message;
};

// As the service itself would have said it.
HttpResult fault(const Question& question, const Complaint& complaint) {
  const auto& [status, code, message] = complaint;
  HttpResponse response;
  response.status = status;
  if (question.service == "dynamodb") {
    response.body = Json({{"__type", code}, {"message", message}})
                        .dump(-1, ' ', false, Json::error_handler_t::replace);
    return response;
  }
  pugi::xml_document document;
  auto error = document.append_child("Response").append_child("Errors").append_child("Error");
  error.append_child("Code").text().set(std::string(code).c_str());
  error.append_child("Message").text().set(std::string(message).c_str());
  response.body = xml_text(document);
  return response;
}

// "An error occurred (CODE) when calling the X operation (reached max retries: 0): MESSAGE"
std::optional<HttpResult> service_error(const Question& question, std::string_view complaint) {
  constexpr std::string_view opening = "An error occurred (";
  const auto begin = complaint.find(opening);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view rest = complaint.substr(begin + opening.size());
  const auto code_end = rest.find(')');
  // A remark in parentheses may stand between the operation and the message.
  const auto operation = rest.find(" operation", std::min(code_end, rest.size()));
  const auto remark = std::string_view(" operation").size() + operation;
  const bool remarked =
      operation != std::string_view::npos && rest.substr(remark).starts_with(" (");
  const auto message_begin =
      rest.find(": ", remarked ? std::min(rest.find(')', remark), rest.size()) : operation);
  if (code_end == std::string_view::npos || message_begin == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view code = rest.substr(0, code_end);
  const std::string_view message = trim(rest.substr(message_begin + 2));
  if (!is_number(code)) return fault(question, {400, code, message});
  // An answer that the CLI could not read: the number is HTTP's.
  int status = 500;
  std::from_chars(code.data(), code.data() + code.size(), status);
  HttpResponse response;
  response.status = std::clamp(status, 300, 599);
  return response;
}

struct Sign {
  std::string_view text;
  HttpProblem problem;
  bool sent;
};
constexpr std::array<Sign, 5> network_signs = {
    {{"Could not connect to the endpoint URL", HttpProblem::unreachable, false},
     {"Connect timeout on endpoint URL", HttpProblem::unreachable, false},
     {"Failed to connect to proxy URL", HttpProblem::unreachable, false},
     {"Read timeout on endpoint URL", HttpProblem::timed_out, true},
     {"Connection was closed before", HttpProblem::broken, true}}};

// Nothing was signed, so nothing was sent.
constexpr std::array<std::string_view, 5> credential_signs = {
    "Unable to locate credentials", "Partial credentials found", "Error when retrieving",
    "refreshed credentials are still expired", "The config profile ("};

// DynamoDB's API speaks the JSON that the CLI takes, but for bytes: one release of the CLI takes
// them as they are, the other encoded. As a text they are the same to both.
std::string dynamodb_input(const Question& question) {
  Json input = Json::parse(question.body, nullptr, /*allow_exceptions=*/false);
  if (!input.is_object() || !input.contains("Item")) return question.body;
  for (Json& attribute : input["Item"]) {
    if (attribute.contains("B")) attribute = {{"S", attribute["B"]}};
  }
  return input.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<std::string> cli_input(const Question& question) {
  if (question.service == "ec2") {
    return input_of(question.body).dump(-1, ' ', true, Json::error_handler_t::replace);
  }
  if (question.service == "route53") return route53_input(question);
  if (question.service == "dynamodb") return dynamodb_input(question);
  return failure(Code::invalid, fmt::format("the AWS CLI is not asked for {}. Set backend = "
                                            "\"native\" in [aws]",
                                            question.service));
}

}  // namespace

std::string command_of(std::string_view action) {
  std::string command;
  for (const char c : action) {
    if (is_upper(c) && !command.empty()) command += '-';
    command += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return command;
}

Result<std::vector<std::string>> cli_words(const Question& question) {
  auto input = cli_input(question);
  if (!input) return std::unexpected(input.error());
  return std::vector<std::string>{question.service, command_of(question.action), "--cli-input-json",
                                  std::move(*input)};
}

Result<std::string> reply_from_cli(const Question& question, std::string_view json) {
  if (question.service == "route53") return route53_reply(question, json);
  const std::string_view text = trim(json);
  // What was asked for is not there, or there is nothing to say.
  if (question.service == "dynamodb") return std::string(text.empty() ? "{}" : text);
  // What only says yes says nothing at all.
  const Json answer =
      text.empty() ? Json::object() : Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) {
    return failure(Code::corrupt, fmt::format("the AWS CLI's answer to {} is no JSON object ({} "
                                              "bytes). Is CLP_AWS_CMD the AWS CLI?",
                                              question.action, json.size()));
  }
  pugi::xml_document document;
  auto root = document.append_child((question.action + "Response").c_str());
  write_members(root, answer, {});
  if (!root.child("return")) root.append_child("return").text().set("true");
  return xml_text(document);
}

HttpResult refusal_from_cli(const Question& question, std::string_view message) {
  return fault(question, {403, "AccessDenied", message.substr(0, complaint_size_max)});
}

HttpResult failure_from_cli(const Question& question, std::string_view complaint, int exit_code) {
  if (auto error = service_error(question, complaint)) return *error;
  const std::string_view shown = trim(complaint).substr(0, complaint_size_max);
  const auto says = [&](std::string_view sign) {
    return complaint.find(sign) != std::string_view::npos;
  };
  if (std::ranges::any_of(credential_signs, says)) {
    return fault(question, {403, "MissingAuthenticationToken", shown});
  }
  for (const Sign& sign : network_signs) {
    if (says(sign.text)) {
      return std::unexpected(HttpFailure{sign.problem, std::string(shown), sign.sent});
    }
  }
  // It may have got as far as AWS: nobody knows what it was doing.
  const bool misused = exit_code == 252 || says("Unknown options") || says("Invalid choice") ||
                       says("Parameter validation failed") || says("You must specify a region");
  return std::unexpected(
      HttpFailure{misused ? HttpProblem::invalid : HttpProblem::broken,
                  fmt::format("the AWS CLI ended with code {}: {}", exit_code, shown), !misused});
}

}  // namespace mainstay::aws
