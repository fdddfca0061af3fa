#include "adapters/arbiter/etcd_message.h"

#include <sodium.h>

#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::etcd {
namespace {

using nlohmann::json;

// Thrown only inside this file: what reads an answer turns it into a Result.
struct Wrong {
  std::string message;
};

std::string base64(ByteView bytes) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
  text.pop_back();
  return text;
}
std::string base64(std::string_view text) { return base64(as_bytes(text)); }

Bytes bytes_of(const std::string& text) {
  if (text.empty()) return {};
  Bytes bytes(text.size());
  std::size_t size = 0;
  const char* end = nullptr;
  const bool whole = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(),
                                       nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0;
  if (!whole || end != text.data() + text.size()) throw Wrong{"a value is not base64"};
  bytes.resize(size);
  return bytes;
}

template <class Number>
Number number_of(std::string_view text, const char* what) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) {
    throw Wrong{fmt::format("{} is '{}', which is no positive number", what, text.substr(0, 40))};
  }
  return number;
}

std::string range_of(const std::string& key) {
  return fmt::format(R"({{"request_range":{{"key":"{}"}}}})", base64(key));
}
std::string put_of(const std::string& key, ByteView value) {
  return fmt::format(R"({{"request_put":{{"key":"{}","value":"{}"}}}})", base64(key),
                     base64(value));
}
std::string absent(const std::string& key) {
  return fmt::format(R"({{"key":"{}","target":"CREATE","result":"EQUAL","create_revision":"0"}})",
                     base64(key));
}

json parsed(const std::string& body) {
  json answer = json::parse(body, nullptr, false);
  if (!answer.is_object()) throw Wrong{"the answer is no JSON object"};
  return answer;
}

Origin origin_of(const json& answer) {
  const json& header = answer.at("header");
  return {header.at("cluster_id").get<std::string>(),
          number_of<std::int64_t>(header.at("revision").get<std::string>(), "the revision")};
}

// The value of the one key that this part of a transaction asked for; nullopt: there is none.
std::optional<Bytes> value_in(const json& response, const std::string& key) {
  const json& range = response.at("response_range");
  if (!range.contains("kvs") || range.at("kvs").empty()) return std::nullopt;
  const json& found = range.at("kvs");
  if (found.size() != 1 || as_text(bytes_of(found[0].at("key"))) != key) {
    throw Wrong{fmt::format("the answer is not about {}", key)};
  }
  return bytes_of(found[0].value("value", ""));
}

RecordVersion version_from(const std::optional<Bytes>& value) {
  return value ? number_of<RecordVersion>(as_text(*value), "the version") : 0;
}

ArbiterRecord joined(const std::string& key, const std::optional<Bytes>& value,
                     const std::optional<Bytes>& version) {
  if (value.has_value() != version.has_value()) {
    throw Wrong{
        fmt::format("of the keys {0} and {0}{1} only one is there. Somebody has changed "
                    "them by hand: stop the cluster and delete both",
                    key, version_suffix)};
  }
  if (!value) return {};
  return {version_from(version), *value};
}

const json& responses_of(const json& answer, std::size_t count) {
  const json& responses = answer.at("responses");
  if (responses.size() != count) throw Wrong{"the answer has another number of parts"};
  return responses;
}

ListAnswer listed(const json& answer, const std::string& folder) {
  ListAnswer list{.origin = origin_of(answer), .records = {}};
  if (answer.value("more", false)) {
    throw Wrong{fmt::format("there are more than {} records below {}", records_max, folder)};
  }
  std::map<std::string, std::optional<Bytes>> values;
  std::map<std::string, std::optional<Bytes>> versions;
  for (const json& entry : answer.value("kvs", json::array())) {
    std::string key(as_text(bytes_of(entry.at("key"))));
    if (!key.starts_with(folder)) throw Wrong{fmt::format("{} is not below {}", key, folder)};
    key.erase(0, folder.size());
    const bool is_version = key.ends_with(version_suffix);
    if (is_version) key.resize(key.size() - version_suffix.size());
    (is_version ? versions : values)[key] = bytes_of(entry.value("value", ""));
    values.try_emplace(key);
  }
  for (const auto& [key, value] : values) {
    list.records.push_back({key, joined(folder + key, value, versions[key])});
  }
  return list;
}

template <class Read>
auto guarded(Read read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const Wrong& wrong) {
    return failure(Code::corrupt, wrong.message);
  } catch (const json::exception& error) {
    return failure(Code::corrupt, fmt::format("not an answer of etcd's gateway: {}", error.what()));
  }
}

}  // namespace

std::string folder_of(std::string_view prefix, std::string_view cluster) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return fmt::format("{}/{}/", prefix, cluster);
}

Keys keys_of(const std::string& folder, const std::string& record) {
  return {folder + record, fmt::format("{}{}{}", folder, record, version_suffix)};
}

std::string read_body(const Keys& keys) {
  return fmt::format(R"({{"success":[{},{}]}})", range_of(keys.value), range_of(keys.version));
}

std::string swap_body(const Keys& keys, const Write& write) {
  const std::string version = std::to_string(write.version);
  const std::string condition =
      write.expected == 0
          ? fmt::format("{},{}", absent(keys.value), absent(keys.version))
          : fmt::format(R"({{"key":"{}","target":"VALUE","result":"EQUAL","value":"{}"}})",
                        base64(keys.version), base64(std::to_string(write.expected)));
  return fmt::format(R"({{"compare":[{}],"success":[{},{}],"failure":[{}]}})", condition,
                     put_of(keys.value, write.value), put_of(keys.version, as_bytes(version)),
                     range_of(keys.version));
}

std::string list_body(const std::string& folder) {
  std::string end = folder;
  end.back() = static_cast<char>(end.back() + 1);
  return fmt::format(R"({{"key":"{}","range_end":"{}","limit":"{}"}})", base64(folder), base64(end),
                     2 * records_max);
}

std::string authenticate_body(const std::string& user, const std::string& password) {
  return json{{"name", user}, {"password", password}}.dump(-1, ' ', false,
                                                           json::error_handler_t::replace);
}

Result<ReadAnswer> read_answer(const std::string& body, const Keys& keys) {
  return guarded([&] {
    const json answer = parsed(body);
    const json& responses = responses_of(answer, 2);
    return ReadAnswer{origin_of(answer), joined(keys.value, value_in(responses[0], keys.value),
                                                value_in(responses[1], keys.version))};
  });
}

Result<SwapAnswer> swap_answer(const std::string& body, const Keys& keys) {
  return guarded([&] {
    const json answer = parsed(body);
    SwapAnswer swap{.origin = origin_of(answer), .written = answer.value("succeeded", false)};
    if (!swap.written) {
      swap.present = version_from(value_in(responses_of(answer, 1)[0], keys.version));
    }
    return swap;
  });
}

Result<ListAnswer> list_answer(const std::string& body, const std::string& folder) {
  return guarded([&] { return listed(parsed(body), folder); });
}

Result<std::string> token_of(const std::string& body) {
  return guarded([&] { return parsed(body).at("token").get<std::string>(); });
}

}  // namespace mainstay::etcd
