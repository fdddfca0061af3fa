#include "mirrord/config.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "adapters/linux/address.h"
#include "adapters/linux/seal.h"
#include "base/file.h"
#include "config/document.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t addresses_max = 16;
constexpr std::size_t name_max = 40;
constexpr std::int64_t number_max = 1'000'000;

std::optional<Address> parse_host_and_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Address address{.host = text.substr(0, colon)};
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, address.port);
  if (read.ec != std::errc{} || read.ptr != end || address.port == 0) return std::nullopt;
  if (!adapters::parse_address(address.host, address.port)) return std::nullopt;
  return address;
}

class Parser {
 public:
  Parser(const DocumentTable& table, std::string file) : table_(table), file_(std::move(file)) {}

  Result<EngineConfig> parse() {
    text("name", config_.name);
    copy();
    text("data", config_.data);
    text("metadata", config_.metadata);
    text("key", config_.key);
    text("device", config_.device);
    text("control", config_.control);
    boolean("record", config_.record);
    boolean("encrypt", config_.encrypt);
    number("resync_limit", config_.resync_limit);
    boolean("resync_by_checksum", config_.resync_by_checksum);
    addresses("listen", config_.listen);
    addresses("peers", config_.peers);
    refuse_others();
    if (problems_.empty()) check();
    if (problems_.empty()) return config_;
    return failure(Code::invalid, fmt::format("{}", fmt::join(problems_, "\n")));
  }

 private:
  void wrong(Position position, std::string_view fact) {
    if (problems_.size() < problems_max) {
      problems_.push_back(fmt::format("{}:{}: {}", file_, position.line, fact));
    }
  }
  const DocumentEntry* entry(std::string_view key) {
    known_.emplace_back(key);
    return table_.find(key);
  }
  void text(std::string_view key, std::string& value) {
    const DocumentEntry* found = entry(key);
    if (found == nullptr) return wrong({}, fmt::format("\"{}\" is missing", key));
    const auto* given = std::get_if<std::string>(&found->value.data);
    if (given == nullptr || given->empty()) {
      return wrong(found->position,
                   fmt::format("\"{}\" must be a text, not {}", key, describe(found->value)));
    }
    value = *given;
  }
  void boolean(std::string_view key, bool& value) {
    const DocumentEntry* found = entry(key);
    if (found == nullptr) return;
    const auto* given = std::get_if<bool>(&found->value.data);
    if (given == nullptr) {
      return wrong(found->position, fmt::format("\"{}\" must be true or false, not {}", key,
                                                describe(found->value)));
    }
    value = *given;
  }
  void number(std::string_view key, std::uint64_t& value) {
    const DocumentEntry* found = entry(key);
    if (found == nullptr) return;
    const auto* given = std::get_if<std::int64_t>(&found->value.data);
    if (given == nullptr || *given < 0 || *given > number_max) {
      return wrong(found->position, fmt::format("\"{}\" must be a number from 0 to {}, not {}", key,
                                                number_max, describe(found->value)));
    }
    value = static_cast<std::uint64_t>(*given);
  }
  void copy() {
    const DocumentEntry* found = entry("copy");
    if (found == nullptr) return wrong({}, "\"copy\" is missing: 0 on one node, 1 on the other");
    const auto* given = std::get_if<std::int64_t>(&found->value.data);
    if (given == nullptr || (*given != 0 && *given != 1)) {
      return wrong(found->position,
                   fmt::format("\"copy\" must be 0 or 1, not {}", describe(found->value)));
    }
    config_.copy = static_cast<mirror::Copy>(*given);
  }
  void addresses(std::string_view key, std::vector<Address>& value) {
    const DocumentEntry* found = entry(key);
    if (found == nullptr) return;
    const DocumentList* list = found->value.as_list();
    if (list == nullptr || list->size() > addresses_max) {
      return wrong(found->position, fmt::format("\"{}\" must be a list of at most {} addresses",
                                                key, addresses_max));
    }
    for (const DocumentValue& each : *list) {
      const auto* given = std::get_if<std::string>(&each.data);
      const auto address = given == nullptr ? std::nullopt : parse_host_and_port(*given);
      if (!address) {
        wrong(each.position,
              fmt::format("{} is no address and port; write \"10.0.2.10:7401\"", describe(each)));
      } else {
        value.push_back(*address);
      }
    }
  }
  void refuse_others() {
    for (const DocumentEntry& each : table_.entries) {
      if (std::ranges::find(known_, each.key) == known_.end()) {
        wrong(each.position,
              fmt::format("unknown key \"{}\"; {} are known", each.key, fmt::join(known_, ", ")));
      }
    }
  }
  void check() {
    if (config_.name.size() > name_max || config_.name.find('/') != std::string::npos) {
      wrong({}, fmt::format("\"name\" must be at most {} characters without a slash", name_max));
    }
    if (config_.data == config_.metadata) {
      wrong({}, "\"data\" and \"metadata\" are the same; the mirror needs two partitions");
    }
    if (config_.copy == 0 && config_.peers.empty()) {
      wrong({}, "\"peers\" is missing: copy 0 connects to copy 1");
    }
    if (config_.copy == 1 && config_.listen.empty()) {
      wrong({}, "\"listen\" is missing: copy 1 is connected to by copy 0");
    }
  }

  const DocumentTable& table_;
  std::string file_;
  EngineConfig config_;
  std::vector<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<EngineConfig> parse_config(std::string_view text, const std::string& file) {
  const auto document = read_document(text);
  if (!document) return failure(Code::invalid, mainstay::to_text(document.error(), file));
  return Parser(*document, file).parse();
}

Result<EngineConfig> load_config(const std::string& file) {
  const auto text = read_file(file, document_size_max);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, file);
}

mirror::MirrorId mirror_id(std::string_view name) {
  const adapters::Key key =
      adapters::derive_key(adapters::Key{}, {as_bytes("mainstay mirror id"), as_bytes(name)});
  ByteReader reader(key);
  return {reader.u64(), reader.u64()};
}

std::string to_text(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace mainstay::mirrord
