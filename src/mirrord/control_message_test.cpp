// Tests of the control socket's lines (docs/mirror.md).
#include "mirrord/control_message.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace mainstay::mirrord::control {
namespace {

Order order_of(std::string_view line) {
  const auto parsed = parse(line);
  REQUIRE(parsed);
  REQUIRE(std::holds_alternative<Order>(*parsed));
  return std::get<Order>(*parsed);
}

std::string refusal_of(std::string_view line) {
  const auto parsed = parse(line);
  REQUIRE(parsed);
  REQUIRE(std::holds_alternative<Refused>(*parsed));
  return std::get<Refused>(*parsed).error.message;
}

TEST_CASE("orders are read as the document has them") {
  const Order promote = order_of(R"({"id":2,"do":"promote","term":7,"else":[]})");
  CHECK(promote.id == 2);
  CHECK(promote.verb == Verb::promote);
  CHECK(promote.term == 7);
  const Order demote = order_of(R"({"id":3,"do":"demote","force":true})");
  CHECK(demote.verb == Verb::demote);
  CHECK(demote.force);
  CHECK_FALSE(order_of(R"({"id":3,"do":"demote"})").force);
  CHECK(order_of(R"({"id":1,"do":"status"})").verb == Verb::status);
  CHECK(order_of(R"({"id":4,"do":"break"})").verb == Verb::break_off);
  CHECK(order_of(R"({"id":5,"do":"connect"})").verb == Verb::connect);
  CHECK(order_of(R"({"do":"verify"})").verb == Verb::verify);
  CHECK(order_of(R"({"do":"repair"})").verb == Verb::repair);
  const Order limit = order_of(R"({"do":"limit","bytes_per_second":1000000})");
  CHECK(limit.verb == Verb::limit);
  CHECK(limit.bytes_per_second == 1'000'000);
  const Order force = order_of(R"({"id":6,"do":"force","term":7})");
  CHECK(force.verb == Verb::force);
  CHECK(force.term == 7);
  CHECK(order_of(R"({"id":7,"do":"resize"})").verb == Verb::resize);
  CHECK(order_of(R"({"do":"serve_record"})").verb == Verb::serve_record);
}

TEST_CASE("an order that is none is refused in words, under its id") {
  CHECK(refusal_of(R"({"id":1,"do":"explode"})").find("'explode' cannot be done") == 0);
  CHECK(refusal_of(R"({"id":1})").find("'' cannot be done") == 0);
  CHECK(refusal_of(R"({"id":1,"do":"promote"})") == "promote needs a term, a number above 0");
  CHECK(refusal_of(R"({"id":1,"do":"promote","term":-1})") ==
        "promote needs a term, a number above 0");
  CHECK(refusal_of(R"({"id":1,"do":"promote","term":"7"})") ==
        "promote needs a term, a number above 0");
}

TEST_CASE("the record's answers are read") {
  const auto read = parse(R"({"answer":5,"ok":true,"version":3,"value":"AQID"})");
  REQUIRE(read);
  const auto& answer = std::get<RecordAnswer>(*read);
  CHECK(answer.question == 5);
  CHECK(answer.ok);
  CHECK(answer.version == 3);
  CHECK(answer.value == Bytes{1, 2, 3});
  const auto outcome = [](std::string_view line) {
    return std::get<RecordAnswer>(*parse(line)).outcome;
  };
  CHECK(outcome(R"({"answer":6,"outcome":"done","version":4})") == mirror::Swap::done);
  CHECK(outcome(R"({"answer":6,"outcome":"lost"})") == mirror::Swap::lost);
  CHECK(outcome(R"({"answer":6,"outcome":"unknown"})") == mirror::Swap::unknown);
  // What nobody can read is what nobody knows.
  CHECK(outcome(R"({"answer":6,"outcome":"certainly"})") == mirror::Swap::unknown);
  CHECK(outcome(R"({"answer":6})") == mirror::Swap::unknown);
}

TEST_CASE("an answer that cannot be meant ends the connection") {
  CHECK_FALSE(parse(R"({"answer":5,"ok":true,"version":3,"value":"*"})"));
  CHECK_FALSE(parse(R"({"answer":6,"outcome":"done"})"));
  for (const std::string_view line : {"", "7", "[]", "{", "{\"id\":1}}", "\xff", "null"}) {
    CHECK_FALSE(parse(line));
  }
}

TEST_CASE("whatever the line, it is read or refused") {
  CHECK(rc::check([](const std::string& line) { static_cast<void>(parse(line).has_value()); }));
}

TEST_CASE("what we say is one line each") {
  CHECK(read_question(5) == "{\"ask\":5,\"record\":\"read\"}\n");
  CHECK(swap_question(6, 3, Bytes{1, 2, 3}) ==
        "{\"ask\":6,\"expected\":3,\"record\":\"swap\",\"value\":\"AQID\"}\n");
  CHECK(done(1) == "{\"id\":1,\"ok\":true}\n");
  CHECK(refused(1, {Code::conflict, "no\nway"}) ==
        "{\"code\":\"conflict\",\"id\":1,\"ok\":false,\"text\":\"no\\nway\"}\n");
}

TEST_CASE("base64 there and back") {
  CHECK(rc::check([](const Bytes& bytes) {
    const auto back = from_base64(to_base64(bytes));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == bytes);
  }));
}

}  // namespace
}  // namespace mainstay::mirrord::control
