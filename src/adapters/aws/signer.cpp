#include "adapters/aws/signer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "adapters/http/url.h"
#include "base/check.h"

namespace mainstay::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  MAINSTAY_CHECK(
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  MAINSTAY_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                      reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                      digest.data(), &size) != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// "/a/./b/../c//" is "/a/c/": AWS does so before it checks, except for S3, whose keys may hold
// anything.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
    begin = end + 1;
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (out.empty() || directory) out += '/';
  return out;
}

// Each segment on its own: an encoded slash belongs to the key.
std::string recoded_segments(std::string_view path) {
  std::string out;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (begin > 0) out += '/';
    out += percent_encode(percent_decode(path.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

// All services but S3 encode the path once more, as it stands in the request line.
std::string canonical_path(const std::string& path, const std::string& service) {
  if (service == "s3") return recoded_segments(path);
  return percent_encode(without_dot_segments(path), "/");
}

std::string recoded(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return percent_encode(percent_decode(spaced));
}

// Sorted by encoded key, then by encoded value; every key has its '='.
std::string canonical_query(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto value = equals < part.size() ? part.substr(equals + 1) : std::string_view();
    parameters.emplace_back(recoded(part.substr(0, equals)), recoded(value));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [key, value] : parameters) {
    if (!out.empty()) out += '&';
    out += key + '=' + value;
  }
  return out;
}

// Without the white space around it, and with one space for each run of it inside.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space) out += c;
    if (space && out.back() != ' ') out += ' ';
  }
  return out;
}

// What a proxy or the HTTP library may add, change or drop on the way.
bool is_unsigned(std::string_view name) {
  static constexpr std::array<std::string_view, 6> names = {
      "authorization", "connection",        "expect",
      "user-agent",    "transfer-encoding", "x-amzn-trace-id"};
  return std::ranges::find(names, name) != names.end();
}

// By name, not by line: "a-b: 1" sorts after "a: 2". Values of one name are joined in their order.
std::map<std::string, std::string> canonical_headers(const HttpHeaders& headers) {
  std::map<std::string, std::string> out;
  for (const auto& header : headers) {
    const std::string name = lower_case(trim(header.name));
    if (is_unsigned(name)) continue;
    const auto [entry, is_first] = out.try_emplace(name, folded(header.value));
    if (!is_first) entry->second += ',' + folded(header.value);
  }
  return out;
}

// "20261123T061501Z".
std::string amz_date(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

void add_if_missing(HttpHeaders& headers, std::string name, std::string value) {
  if (header_value(headers, name).empty()) headers.push_back({std::move(name), std::move(value)});
}

// S3 wants to be told the body's hash; a caller may give it, or say UNSIGNED-PAYLOAD.
std::string payload_hash_of(HttpRequest& request, const std::string& service) {
  const auto given = header_value(request.headers, "X-Amz-Content-Sha256");
  if (!given.empty()) return std::string(given);
  std::string hash = sha256_hex(request.body);
  if (service == "s3") request.headers.push_back({"X-Amz-Content-Sha256", hash});
  return hash;
}

}  // namespace

CanonicalRequest canonical_request(const HttpRequest& request, const std::string& service,
                                   const std::string& payload_hash) {
  const auto url = parse_url(request.url);
  MAINSTAY_CHECK(url.has_value());
  CanonicalRequest out;
  out.text = request.method + '\n' + canonical_path(url->path, service) + '\n' +
             canonical_query(url->query) + '\n';
  for (const auto& [name, value] : canonical_headers(request.headers)) {
    out.text += name + ':' + value + '\n';
    if (!out.signed_headers.empty()) out.signed_headers += ';';
    out.signed_headers += name;
  }
  out.text += '\n' + out.signed_headers + '\n' + payload_hash;
  return out;
}

void sign(HttpRequest& request, const Credentials& credentials, const SigningScope& scope,
          WallTime now) {
  const auto url = parse_url(request.url);
  MAINSTAY_CHECK(url.has_value());
  const std::string date = amz_date(now);
  const std::string day = date.substr(0, 8);
  add_if_missing(request.headers, "Host", url->authority());
  add_if_missing(request.headers, "X-Amz-Date", date);
  if (!credentials.session_token.empty()) {
    add_if_missing(request.headers, "X-Amz-Security-Token", credentials.session_token);
  }
  const std::string hash = payload_hash_of(request, scope.service);
  const CanonicalRequest canonical = canonical_request(request, scope.service, hash);

  const std::string credential_scope =
      fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, date, credential_scope, sha256_hex(canonical.text));
  std::string key = hmac("AWS4" + credentials.secret_key, day);
  for (const auto& part : {scope.region, scope.service, std::string("aws4_request")}) {
    key = hmac(key, part);
  }
  request.headers.push_back(
      {"Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                    algorithm, credentials.access_key, credential_scope,
                                    canonical.signed_headers, hex(hmac(key, to_sign)))});
}

}  // namespace mainstay::aws
