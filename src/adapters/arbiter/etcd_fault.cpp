#include "adapters/arbiter/etcd_fault.h"

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::etcd {
namespace {

using nlohmann::json;

// Codes of gRPC, which the gateway passes on.
constexpr int invalid_argument = 3;
constexpr int permission_denied = 7;
constexpr int failed_precondition = 9;
constexpr int unauthenticated = 16;

struct Known {
  std::string_view part;  // of etcd's sentence
  Code code;
  Cure cure;
  std::string_view remedy;
};

// Whatever stands here was refused before it could happen.
constexpr std::array known = {
    Known{"user name is empty", Code::denied, Cure::none,
          "its authentication is on: give user and password_file under [arbitration.etcd]"},
    Known{"invalid auth token", Code::denied, Cure::new_token, ""},
    Known{"revision of auth store is old", Code::denied, Cure::new_token, ""},
    Known{"authentication is not enabled", Code::denied, Cure::without_token, ""},
    Known{"authentication failed", Code::denied, Cure::none,
          "check user and password_file under [arbitration.etcd]"},
    Known{"too many requests", Code::throttled, Cure::elsewhere, ""},
    Known{"database space exceeded", Code::unavailable, Cure::none,
          "compact and defragment it, then disarm its alarm with 'etcdctl alarm disarm'"},
    Known{"no leader", Code::unavailable, Cure::elsewhere, ""},
};

struct Refusal {
  int code = 0;
  std::string sentence;
};

Refusal refusal_of(const HttpResponse& response) {
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("code") || !body.at("code").is_number_integer()) {
    return {0, fmt::format("answers with the HTTP status {}", response.status)};
  }
  const json& sentence = body.value("error", json(""));
  return {body.at("code").get<int>(), sentence.is_string() ? sentence.get<std::string>() : ""};
}

// "etcdserver: mvcc: no leader" -> "no leader".
std::string_view plain(std::string_view sentence) {
  for (const std::string_view origin : {"etcdserver: ", "mvcc: ", "auth: "}) {
    if (sentence.starts_with(origin)) sentence.remove_prefix(origin.size());
  }
  return sentence;
}

Fault fault_of(const Known& one, const Refusal& refusal, const std::string& user) {
  std::string text(plain(refusal.sentence));
  if (!one.remedy.empty()) text += fmt::format("; {}", one.remedy);
  const bool can_get_token = one.part == "user name is empty" && !user.empty();
  return {{one.code, std::move(text)}, can_get_token ? Cure::new_token : one.cure, false};
}

Fault denied(const std::string& user) {
  return {{Code::denied,
           user.empty() ? "permission denied"
                        : fmt::format("the user {} has no permission for it; its role needs to "
                                      "read and write everything below the prefix",
                                      user)},
          Cure::none,
          false};
}

}  // namespace

Fault fault_of(const HttpResponse& response, const std::string& user) {
  const Refusal refusal = refusal_of(response);
  for (const Known& one : known) {
    if (refusal.sentence.find(one.part) != std::string::npos) return fault_of(one, refusal, user);
  }
  std::string sentence(plain(refusal.sentence));
  switch (refusal.code) {
    case permission_denied:
      return denied(user);
    case unauthenticated:
      return {{Code::denied, std::move(sentence)}, Cure::new_token, false};
    case invalid_argument:
    case failed_precondition:
      return {{Code::invalid, std::move(sentence)}, Cure::none, false};
    default:
      break;
  }
  if (response.status == 404) {
    sentence += "; it must be etcd 3.4 or later with its gRPC gateway enabled";
  }
  return {{Code::unavailable, std::move(sentence)}, Cure::elsewhere, true};
}

Fault fault_of(const HttpFailure& failure) {
  Fault fault{{Code::unavailable, failure.message}, Cure::elsewhere, failure.sent};
  switch (failure.problem) {
    case HttpProblem::timed_out:
      fault.error.code = Code::timed_out;
      break;
    case HttpProblem::invalid:
      fault.error.code = Code::invalid;
      fault.cure = Cure::none;
      break;
    case HttpProblem::too_large:
      fault.error.code = Code::corrupt;
      fault.cure = Cure::none;
      break;
    case HttpProblem::cancelled:
      fault.error.code = Code::cancelled;
      fault.cure = Cure::none;
      break;
    case HttpProblem::unreachable:
    case HttpProblem::broken:
      break;
  }
  return fault;
}

}  // namespace mainstay::etcd
