#include "config/field.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/ip_address.h"

namespace mainstay {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t name_size_max = 31;
constexpr std::size_t interface_name_size_max = 15;

bool made_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_size_max &&
         made_of(text, std::string(letters_and_digits) + "-_.");
}

// "eni-" and 8 or 17 hexadecimal digits, as AWS makes them.
bool is_aws_id(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  const std::string_view number = text.substr(prefix.size());
  return (number.size() == 8 || number.size() == 17) && made_of(number, "0123456789abcdef");
}

// RFC 1123: labels of letters, digits and hyphens; the last is not a number, or it would be a wrong
// IPv4 address.
bool is_dns_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || !made_of(text, std::string(letters_and_digits) + "-."))
    return false;
  std::string_view last;
  while (!text.empty()) {
    const auto end = std::min(text.find('.'), text.size());
    last = text.substr(0, end);
    if (last.empty() || last.size() > 63 || last.front() == '-' || last.back() == '-') return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return !made_of(last, "0123456789");
}

// Underscores and a leading "*" are names to a name server.
bool is_record_name(std::string_view text) {
  if (!text.ends_with('.') || text.size() > 255) return false;
  text.remove_suffix(1);
  if (text.starts_with("*.")) text.remove_prefix(2);
  std::string name(text);
  std::ranges::replace(name, '_', 'a');
  return name.find('.') != std::string::npos && is_dns_name(name);
}

bool is_hosted_zone_id(std::string_view text) {
  return !text.empty() && text.size() <= 32 && made_of(text, letters_and_digits);
}

bool is_interface_name(std::string_view text) {
  return !text.empty() && text.size() <= interface_name_size_max && text != "." && text != ".." &&
         text.find_first_of("/: \"") == std::string_view::npos;
}

// http or https, without user and password, which belong into a file of their own.
bool is_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  if (text.substr(0, scheme) != "http" && text.substr(0, scheme) != "https") return false;
  std::string_view authority = text.substr(scheme + 3);
  authority = authority.substr(0, authority.find('/'));
  if (authority.empty() || authority.find_first_of("@?# \"") != std::string_view::npos)
    return false;
  std::string_view host = authority;
  std::string_view port;
  if (const auto bracket = authority.rfind(']'); bracket != std::string_view::npos) {
    if (!authority.starts_with('[')) return false;
    host = authority.substr(1, bracket - 1);
    port = authority.substr(bracket + 1);
  } else if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  const bool fitting_port =
      port.empty() || (port.starts_with(':') && port.size() >= 2 && port.size() <= 6 &&
                       made_of(port.substr(1), "0123456789"));
  return fitting_port && (ip_number(std::string(host)).has_value() || is_dns_name(host));
}

// The names that DynamoDB allows.
bool is_dynamodb_table(std::string_view text) {
  return text.size() >= 3 && text.size() <= 255 &&
         made_of(text, std::string(letters_and_digits) + "-_.");
}

bool is_role_arn(std::string_view text) {
  if (!text.starts_with("arn:aws") || text.size() > 256) return false;
  const auto iam = text.find(":iam::");
  if (iam == std::string_view::npos) return false;
  const std::string_view rest = text.substr(iam + std::string_view(":iam::").size());
  const std::string_view role = rest.substr(std::min<std::size_t>(rest.size(), 12));
  return role.starts_with(":role/") && role.size() > std::string_view(":role/").size() &&
         made_of(rest.substr(0, 12), "0123456789") &&
         made_of(role.substr(1), std::string(letters_and_digits) + "/+=,.@_-");
}

struct FormatRule {
  TextFormat format;
  bool (*fits)(std::string_view text);
  std::string_view noun;
  std::string_view remedy;
};

constexpr FormatRule format_rules[] = {
    {TextFormat::name, is_name, "a name",
     "A name has 1 to 31 letters, digits, \"-\", \"_\" or \".\"."},
    {TextFormat::ip, [](std::string_view text) { return ip_number(text).has_value(); },
     "an IP address", "Write it like \"10.1.0.20\" or \"fd00::20\"."},
    {TextFormat::host,
     [](std::string_view text) { return ip_number(text).has_value() || is_dns_name(text); },
     "an IP address or host name", "Write it like \"10.0.10.4\" or \"gw.example.com\"."},
    {TextFormat::path, [](std::string_view text) { return text.starts_with('/'); },
     "an absolute path", "Begin it with \"/\"."},
    {TextFormat::vpc_id, [](std::string_view text) { return is_aws_id(text, "vpc-"); }, "a VPC ID",
     "It looks like \"vpc-0a1b2c3d4e5f60718\"."},
    {TextFormat::eni_id, [](std::string_view text) { return is_aws_id(text, "eni-"); }, "an ENI ID",
     "It looks like \"eni-0a1b2c3d4e5f60718\"."},
    {TextFormat::allocation_id, [](std::string_view text) { return is_aws_id(text, "eipalloc-"); },
     "an allocation ID", "It looks like \"eipalloc-0a1b2c3d4e5f60718\"."},
    {TextFormat::hosted_zone_id, is_hosted_zone_id, "a hosted zone ID",
     "It looks like \"Z0123456789ABCDEFGHIJ\"."},
    {TextFormat::dns_name, is_record_name, "a full DNS name",
     "Write it with its domain and a dot at its end, like \"service.example.com.\"."},
    {TextFormat::instance_id, [](std::string_view text) { return is_aws_id(text, "i-"); },
     "an instance ID", "It looks like \"i-0a1b2c3d4e5f60718\"."},
    {TextFormat::role_arn, is_role_arn, "the ARN of a role",
     "It looks like \"arn:aws:iam::123456789012:role/dns\"."},
    {TextFormat::interface_name, is_interface_name, "the name of a network interface",
     "It looks like \"eth0\" or \"ens5\"."},
    {TextFormat::url, is_url, "an http or https URL", "Write it like \"https://10.0.3.10:2379\"."},
    {TextFormat::dynamodb_table, is_dynamodb_table, "the name of a DynamoDB table",
     "It has 3 to 255 letters, digits, \"-\", \"_\" or \".\"."},
};

std::optional<Mismatch> misfit_text(const Field& field, const std::string& text) {
  // An empty text is how a field that may stay unset is unset.
  if (text.empty()) {
    if (field.is_required || !field.choices.empty()) {
      return Mismatch{"this text is empty", "Write " + describe(field.kind) + "."};
    }
    return std::nullopt;
  }
  if (!field.choices.empty() && std::ranges::find(field.choices, text) == field.choices.end()) {
    return Mismatch{fmt::format("\"{}\" is not possible here", text),
                    fmt::format("Choose {}.", limits_text(field))};
  }
  for (const FormatRule& rule : format_rules) {
    if (rule.format == field.format && !rule.fits(text)) {
      return Mismatch{fmt::format("\"{}\" is not {}", text, rule.noun), std::string(rule.remedy)};
    }
  }
  return std::nullopt;
}

std::string plain_text(const Value& value) {
  const auto* duration = std::get_if<Duration>(&value);
  return duration ? duration_text(*duration) : document_text(value);
}

}  // namespace

std::optional<Mismatch> misfit(const Field& field, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return misfit_text(field, *text);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    if (texts->empty() && field.is_required) {
      return Mismatch{"this list is empty", "Write at least one entry."};
    }
    for (const std::string& text : *texts) {
      if (text.empty()) return Mismatch{"an entry of this list is empty", "Remove it."};
      if (auto wrong = misfit_text(field, text)) return wrong;
    }
    return std::nullopt;
  }
  if ((field.low && value < *field.low) || (field.high && *field.high < value)) {
    return Mismatch{fmt::format("{} is out of range", plain_text(value)),
                    fmt::format("Choose {}.", limits_text(field))};
  }
  return std::nullopt;
}

std::string limits_text(const Field& field) {
  if (!field.choices.empty()) {
    std::vector<std::string> texts;
    for (const auto& choice : field.choices) texts.push_back(quoted(choice));
    return fmt::format("{}", fmt::join(texts, ", "));
  }
  if (!field.low || !field.high) return "";
  return fmt::format("{} to {}", plain_text(*field.low), plain_text(*field.high));
}

}  // namespace mainstay
