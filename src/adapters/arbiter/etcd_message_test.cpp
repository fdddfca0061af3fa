#include "adapters/arbiter/etcd_message.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "adapters/arbiter/etcd_lineage.h"

namespace mainstay::etcd {
namespace {

constexpr const char* header = R"("header":{"cluster_id":"15875","revision":"7"})";

// "/m/shop/node/a" and its version
constexpr const char* value_key = "L20vc2hvcC9ub2RlL2E=";
constexpr const char* version_key = "L20vc2hvcC9ub2RlL2EjdmVyc2lvbg==";

const Keys keys = keys_of("/m/shop/", "node/a");

std::string range(const char* key, const char* value) {
  return fmt::format(R"({{"response_range":{{"kvs":[{{"key":"{}","value":"{}"}}]}}}})", key, value);
}
std::string answer(const std::string& rest) { return fmt::format("{{{},{}}}", header, rest); }
std::string responses(const std::string& all) {
  return answer(fmt::format(R"("succeeded":true,"responses":[{}])", all));
}
constexpr const char* nothing = R"({"response_range":{}})";

TEST_CASE("a record is created only where neither of its keys exists") {
  const auto body = nlohmann::json::parse(
      swap_body(keys, {.expected = 0, .version = 12, .value = as_bytes("x")}));
  REQUIRE(body.at("compare").size() == 2);
  CHECK(body["compare"][0]["key"] == value_key);
  CHECK(body["compare"][1]["key"] == version_key);
  for (const auto& compare : body["compare"]) {
    CHECK(compare["target"] == "CREATE");
    CHECK(compare["create_revision"] == "0");
  }
  CHECK(body["success"][0]["request_put"]["value"] == "eA==");
  CHECK(body["success"][1]["request_put"]["value"] == "MTI=");
}

TEST_CASE("a record is changed only where its version still stands") {
  const auto body =
      nlohmann::json::parse(swap_body(keys, {.expected = 11, .version = 12, .value = {}}));
  REQUIRE(body.at("compare").size() == 1);
  CHECK(body["compare"][0]["key"] == version_key);
  CHECK(body["compare"][0]["target"] == "VALUE");
  CHECK(body["compare"][0]["value"] == "MTE=");
  CHECK(body["failure"][0]["request_range"]["key"] == version_key);
}

TEST_CASE("nothing asks for a read that a majority has not confirmed") {
  CHECK(read_body(keys).find("serializable") == std::string::npos);
  CHECK(list_body("/m/shop/").find("serializable") == std::string::npos);
}

TEST_CASE("a list ends where the folder ends") {
  const auto body = nlohmann::json::parse(list_body("/m/shop/"));
  CHECK(body["key"] == "L20vc2hvcC8=");
  CHECK(body["range_end"] == "L20vc2hvcDA=");
  CHECK(folder_of("/m/", "shop") == "/m/shop/");
  CHECK(folder_of("/", "shop") == "/shop/");
}

TEST_CASE("a record is there with both keys, absent without both, and else corrupt") {
  const auto both =
      read_answer(responses(range(value_key, "eA==") + "," + range(version_key, "MTI=")), keys);
  REQUIRE_MESSAGE(both, both.error().message);
  CHECK(both->record == ArbiterRecord{12, {'x'}});
  CHECK(both->origin == Origin{"15875", 7});
  const auto none = read_answer(responses(fmt::format("{0},{0}", nothing)), keys);
  REQUIRE(none);
  CHECK(none->record == ArbiterRecord{});
}

TEST_CASE("what is no answer is never an absent record") {
  const std::string value = range(value_key, "eA==");
  const std::string none = nothing;
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"), std::string("<html>"), responses(""),
        responses(none), responses(value + "," + none), responses(none + "," + value),
        responses(value + "," + range(version_key, "MDA=")),
        responses(value + "," + range(version_key, "YQ==")),
        responses(range(value_key, "%") + "," + range(version_key, "MTI=")),
        std::string(R"({"responses":[{"response_range":{}},{"response_range":{}}]})"),
        answer(R"("succeeded":true,"responses":[{"response_put":{}},{"response_put":{}}])")}) {
    CAPTURE(body);
    const auto read = read_answer(body, keys);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Code::corrupt);
  }
}

TEST_CASE("a refused write tells the version that stands") {
  const auto refused =
      swap_answer(answer(fmt::format(R"("responses":[{}])", range(version_key, "MTI="))), keys);
  REQUIRE_MESSAGE(refused, refused.error().message);
  CHECK_FALSE(refused->written);
  CHECK(refused->present == 12);
  CHECK(swap_answer(answer(fmt::format(R"("responses":[{}])", nothing)), keys)->present == 0);
  CHECK(swap_answer(answer(R"("succeeded":true)"), keys)->written);
  CHECK_FALSE(swap_answer("{}", keys));
}

TEST_CASE("a list that is cut short is no list") {
  CHECK(list_answer(answer(R"("count":"0")"), "/m/shop/")->records.empty());
  CHECK_FALSE(list_answer(answer(R"("more":true)"), "/m/shop/"));
}

TEST_CASE("a store whose revision goes back is not believed again") {
  Lineage lineage;
  CHECK(lineage.accept({"15875", 7}, lineage.floor()));
  CHECK(lineage.accept({"15875", 9}, lineage.floor()));
  // Asked before the newest answer came.
  CHECK(lineage.accept({"15875", 8}, 7));
  CHECK(lineage.intact());
  const auto gone = lineage.accept({"15875", 8}, lineage.floor());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Code::unavailable);
  CHECK(gone.error().message.find("went back from 9 to 8") != std::string::npos);
  CHECK_FALSE(lineage.accept({"15875", 10}, lineage.floor()));
  CHECK_FALSE(lineage.intact());
}

TEST_CASE("members of two stores are not one arbiter") {
  Lineage lineage;
  CHECK(lineage.accept({"15875", 7}, lineage.floor()));
  CHECK_FALSE(lineage.accept({"11111", 8}, lineage.floor()));
}

}  // namespace
}  // namespace mainstay::etcd
