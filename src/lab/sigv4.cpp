// The canonical request, the string to sign, the chain of keys.
#include "lab/sigv4.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <time.h>

#include <cstdlib>

namespace mainstay::lab {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char out[SHA256_DIGEST_LENGTH];
  unsigned size = sizeof(out);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string canonical_query(std::string_view query) {
  std::vector<std::string> pairs;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    pairs.push_back(url_encode(url_decode(pair.substr(0, equals), false)) + "=" +
                    url_encode(url_decode(value, false)));
  }
  std::ranges::sort(pairs);
  return fmt::format("{}", fmt::join(pairs, "&"));
}

// Each segment encoded once more than it was sent, which is the rule for every service but S3.
std::string canonical_path(std::string_view path) {
  std::string out;
  for (const char c : path)
    out += c == '/' ? std::string("/") : url_encode(std::string_view(&c, 1));
  return out.empty() ? "/" : out;
}

std::string squeeze(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string canonical_request(const HttpRequest& request, const std::vector<std::string>& names) {
  std::string out = fmt::format("{}\n{}\n{}\n", request.method, canonical_path(request.path()),
                                canonical_query(request.query()));
  for (const std::string& name : names) {
    std::string values;
    for (const auto& [key, value] : request.headers) {
      if (key == name) values += (values.empty() ? "" : ",") + squeeze(value);
    }
    out += fmt::format("{}:{}\n", name, values);
  }
  const std::string_view given = request.header("x-amz-content-sha256");
  return fmt::format("{}\n{}\n{}", out, fmt::join(names, ";"),
                     given.empty() ? sha256_hex(request.body) : std::string(given));
}

struct Parts {
  std::string access_key;
  std::string date;
  SignedScope scope;
  std::vector<std::string> signed_headers;
  std::string signature;
};

std::string scope_text(const Parts& parts) {
  return fmt::format("{}/{}/{}/aws4_request", parts.date, parts.scope.region, parts.scope.service);
}

std::string signature_of(const HttpRequest& request, const Parts& parts, std::string_view secret) {
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, request.header("x-amz-date"), scope_text(parts),
                  sha256_hex(canonical_request(request, parts.signed_headers)));
  std::string key = hmac("AWS4" + std::string(secret), parts.date);
  key = hmac(key, parts.scope.region);
  key = hmac(key, parts.scope.service);
  key = hmac(key, "aws4_request");
  return hex(hmac(key, to_sign));
}

std::optional<Parts> parse_authorization(std::string_view header) {
  if (!header.starts_with(algorithm)) return std::nullopt;
  Parts parts;
  for (const std::string& piece : split(header.substr(algorithm.size()), ',')) {
    const auto start = piece.find_first_not_of(' ');
    const auto equals = piece.find('=');
    if (start == std::string::npos || equals == std::string::npos) return std::nullopt;
    const std::string name = piece.substr(start, equals - start);
    const std::string value = piece.substr(equals + 1);
    if (name == "Signature") parts.signature = value;
    if (name == "SignedHeaders") parts.signed_headers = split(value, ';');
    if (name != "Credential") continue;
    const auto fields = split(value, '/');
    if (fields.size() != 5 || fields[4] != "aws4_request") return std::nullopt;
    parts.access_key = fields[0];
    parts.date = fields[1];
    parts.scope = {fields[2], fields[3]};
  }
  if (parts.access_key.empty() || parts.signature.empty()) return std::nullopt;
  return parts;
}

std::string amz_date(std::int64_t wall_ms) {
  const time_t seconds = wall_ms / 1000;
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

std::optional<std::int64_t> parse_amz_date(std::string_view text) {
  tm utc{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%Y%m%dT%H%M%SZ", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::int64_t{timegm(&utc)} * 1000;
}

bool covers(const Parts& parts, const HttpRequest& request, std::string_view name) {
  return request.header(name).empty() ||
         std::ranges::find(parts.signed_headers, name) != parts.signed_headers.end();
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  unsigned char out[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out);
  return hex({reinterpret_cast<const char*>(out), sizeof(out)});
}

std::expected<Signature, AwsError> verify(const HttpRequest& request, const FindCredentials& find,
                                          std::int64_t now_ms) {
  const std::string_view header = request.header("authorization");
  if (header.empty()) {
    return std::unexpected(
        AwsError{400, "MissingAuthenticationToken", "Request is missing Authentication Token"});
  }
  const auto parts = parse_authorization(header);
  const auto when = parse_amz_date(request.header("x-amz-date"));
  if (!parts || !when) {
    return std::unexpected(AwsError{400, "IncompleteSignature",
                                    "The request signature does not conform to AWS standards."});
  }
  const Credentials* known = find(parts->access_key);
  if (known == nullptr || request.header("x-amz-security-token") != known->session_token) {
    return std::unexpected(AwsError{
        401, "AuthFailure", "AWS was not able to validate the provided access credentials"});
  }
  if (std::abs(now_ms - *when) > clock_skew_max_ms) {
    return std::unexpected(AwsError{400, "RequestExpired", "Request has expired."});
  }
  if (known->expires_ms != 0 && now_ms >= known->expires_ms) {
    return std::unexpected(AwsError{400, "ExpiredToken", "Request has expired."});
  }
  const bool complete = covers(*parts, request, "host") && covers(*parts, request, "x-amz-date") &&
                        covers(*parts, request, "x-amz-security-token") &&
                        request.header("x-amz-date").starts_with(parts->date);
  const std::string expected = signature_of(request, *parts, known->secret_key);
  if (!complete || expected.size() != parts->signature.size() ||
      CRYPTO_memcmp(expected.data(), parts->signature.data(), expected.size()) != 0) {
    return std::unexpected(AwsError{403, "SignatureDoesNotMatch",
                                    "The request signature we calculated does not match the "
                                    "signature you provided. Check your AWS Secret Access Key and "
                                    "signing method. Consult the service documentation for "
                                    "details."});
  }
  return Signature{parts->access_key, parts->scope};
}

void sign(HttpRequest& request, const Credentials& credentials, const SignedScope& scope,
          std::int64_t now_ms) {
  request.headers.emplace_back("x-amz-date", amz_date(now_ms));
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  Parts parts{
      .access_key = credentials.access_key, .date = amz_date(now_ms).substr(0, 8), .scope = scope};
  for (const auto& [name, value] : request.headers) parts.signed_headers.push_back(name);
  std::ranges::sort(parts.signed_headers);
  request.headers.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                  credentials.access_key, scope_text(parts), fmt::join(parts.signed_headers, ";"),
                  signature_of(request, parts, credentials.secret_key)));
}

}  // namespace mainstay::lab
