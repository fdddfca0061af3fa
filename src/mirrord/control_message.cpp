#include "mirrord/control_message.h"

#include <array>

#include <fmt/format.h>
#include <sodium.h>
#include <nlohmann/json.hpp>

namespace mainstay::mirrord::control {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, Verb>, 11> verbs{{
    {"status", Verb::status},
    {"promote", Verb::promote},
    {"demote", Verb::demote},
    {"break", Verb::break_off},
    {"connect", Verb::connect},
    {"verify", Verb::verify},
    {"repair", Verb::repair},
    {"force", Verb::force},
    {"limit", Verb::limit},
    {"resize", Verb::resize},
    {"serve_record", Verb::serve_record},
}};

std::uint64_t number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}
bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}
std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string line(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<std::variant<Order, RecordAnswer, Refused>> parse_order(const json& object) {
  Order order{.id = number(object, "id"),
              .term = number(object, "term"),
              .force = flag(object, "force"),
              .bytes_per_second = number(object, "bytes_per_second")};
  const std::string verb = text(object, "do");
  const auto refuse = [&](std::string why) {
    return Refused{order.id, Error{Code::invalid, std::move(why)}};
  };
  const auto* found = std::ranges::find(verbs, verb, &std::pair<std::string_view, Verb>::first);
  if (found == verbs.end()) {
    return refuse(
        fmt::format("'{}' cannot be done; status, promote, demote, break, connect, verify, "
                    "repair, force, limit, resize and serve_record can",
                    verb));
  }
  order.verb = found->second;
  if (order.verb == Verb::promote && order.term == 0) {
    return refuse("promote needs a term, a number above 0");
  }
  return order;
}

Result<std::variant<Order, RecordAnswer, Refused>> parse_answer(const json& object) {
  RecordAnswer answer{.question = number(object, "answer"),
                      .ok = flag(object, "ok"),
                      .version = number(object, "version")};
  auto value = from_base64(text(object, "value"));
  if (!value) return std::unexpected(value.error());
  answer.value = std::move(*value);
  const std::string outcome = text(object, "outcome");
  if (outcome == "done") answer.outcome = mirror::Swap::done;
  if (outcome == "lost") answer.outcome = mirror::Swap::lost;
  // What was swapped in has a version, or nobody could ever swap it again.
  if (answer.outcome == mirror::Swap::done && answer.version == 0) {
    return failure(Code::invalid, "a swap that is done has a version above 0");
  }
  return answer;
}

}  // namespace

std::string to_base64(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.empty()) return Bytes();
  Bytes bytes(text.size());
  std::size_t size = 0;
  const char* end = nullptr;
  const bool read = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr,
                                      &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0;
  if (!read || end != text.data() + text.size()) {
    return failure(Code::invalid, "the record's value is not base64");
  }
  bytes.resize(size);
  return bytes;
}

Result<std::variant<Order, RecordAnswer, Refused>> parse(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) return failure(Code::invalid, "this line is no JSON object");
  if (object.contains("answer")) return parse_answer(object);
  return parse_order(object);
}

std::string read_question(std::uint64_t number) {
  return line({{"ask", number}, {"record", "read"}});
}

std::string swap_question(std::uint64_t number, std::uint64_t expected, ByteView value) {
  return line(
      {{"ask", number}, {"record", "swap"}, {"expected", expected}, {"value", to_base64(value)}});
}

std::string done(std::uint64_t id) { return line({{"id", id}, {"ok", true}}); }

std::string done_with_device(std::uint64_t id, const std::string& device) {
  return line({{"id", id}, {"ok", true}, {"device", device}});
}

std::string refused(std::uint64_t id, const Error& error) {
  return line({{"id", id}, {"ok", false}, {"code", to_text(error.code)}, {"text", error.message}});
}

std::string not_understood(const Error& error) {
  return line({{"ok", false}, {"code", to_text(error.code)}, {"text", error.message}});
}

}  // namespace mainstay::mirrord::control
