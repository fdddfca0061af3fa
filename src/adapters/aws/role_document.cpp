#include "adapters/aws/role_document.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace mainstay::aws {
namespace {

// Exactly `digits` of them; nullopt otherwise.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  const char* end = text.data() + at + digits;
  const auto [stop, error] = std::from_chars(text.data() + at, end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

// The rest after the seconds: "Z", ".250Z", "+09:00".
std::optional<std::chrono::minutes> offset_of(std::string_view rest) {
  if (rest.starts_with('.')) {
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  }
  if (rest == "Z" || rest == "z") return std::chrono::minutes(0);
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const auto hours = number_at(rest, 1, 2);
  const auto minutes = number_at(rest, 4, 2);
  if (!hours || !minutes) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return rest[0] == '+' ? offset : -offset;
}

std::string member(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  const auto offset = offset_of(text.substr(19));
  if (!year || !month || !day || !hour || !minute || !second || !offset) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) - *offset;
}

Result<Credentials> parse_role_document(std::string_view json, std::string_view origin) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  const auto refused = [&](std::string_view fact) {
    return failure(Code::invalid, fmt::format("{} {}", origin, fact));
  };
  if (!document.is_object()) return refused("does not give a JSON object");
  const std::string code = member(document, "Code");
  if (!code.empty() && code != "Success") {
    return refused(fmt::format("gives no credentials: {} {}", code, member(document, "Message")));
  }
  Credentials credentials{.access_key = member(document, "AccessKeyId"),
                          .secret_key = member(document, "SecretAccessKey"),
                          .session_token = member(document, "Token")};
  if (credentials.session_token.empty()) {
    credentials.session_token = member(document, "SessionToken");
  }
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return refused("gives no AccessKeyId and SecretAccessKey");
  }
  const std::string expires = member(document, "Expiration");
  if (!expires.empty()) {
    credentials.expires = parse_timestamp(expires);
    if (!credentials.expires) return refused("gives an Expiration that is no time");
  }
  return credentials;
}

}  // namespace mainstay::aws
