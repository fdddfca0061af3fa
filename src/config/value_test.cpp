#include "config/value.h"

#include <doctest/doctest.h>

#include "config/ip_address.h"
#include "config/suggestion.h"

namespace mainstay {
namespace {

TEST_CASE("durations are read exactly or not at all") {
  const std::vector<std::pair<const char*, std::optional<Duration>>> table = {
      {"1.5s", 1500ms},
      {"250ms", 250ms},
      {"5min", 5min},
      {"2h", 2h},
      {"5 min", 5min},
      {"0s", 0s},
      {"0.001ms", 1us},
      {"3us", 3us},
      {"7ns", 7ns},
      {"8784h", duration_max},
      {"8785h", std::nullopt},
      {"0.5ns", std::nullopt},
      {"1.0000000s", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"-1s", std::nullopt},
      {"1.s", std::nullopt},
      {".5s", std::nullopt},
      {"1.2.3s", std::nullopt},
      {"s", std::nullopt},
      {"5", std::nullopt},
      {"5 m", std::nullopt},
      {"1e3s", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    CHECK(duration_from(text) == expected);
  }
}

TEST_CASE("a printed duration is read back") {
  for (const Duration duration : {0ns, 1ns, 999ns, 1000ns, 1500'000'000ns, 60'000'000'000ns,
                                  3'600'000'000'001ns, 7'200'000'000'000ns}) {
    CAPTURE(duration_text(duration));
    CHECK(duration_from(duration_text(duration)) == duration);
  }
  CHECK(duration_text(1500ms) == "1500ms");
  CHECK(duration_text(5min) == "5min");
}

TEST_CASE("plain numbers are seconds") {
  CHECK(convert({{}, std::int64_t{3}}, FieldKind::duration) == Value(Duration(3s)));
  CHECK(convert({{}, 0.25}, FieldKind::duration) == Value(Duration(250ms)));
  CHECK_FALSE(convert({{}, std::int64_t{-3}}, FieldKind::duration).has_value());
  CHECK_FALSE(convert({{}, -0.5}, FieldKind::duration).has_value());
  CHECK_FALSE(convert({{}, std::nan("")}, FieldKind::duration).has_value());
  CHECK_FALSE(convert({{}, true}, FieldKind::duration).has_value());
}

TEST_CASE("IP addresses are read strictly") {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"10.1.0.20", "10.1.0.20"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"FD00:0:0::20", "fd00::20"},
      {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"},
      {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1::", "1::"},
      {"::ffff:10.0.0.1", "::ffff:a00:1"},
      {"10.1.0", nullptr},
      {"10.1.0.20.1", nullptr},
      {"10.1.0.256", nullptr},
      {"10.1.0.020", nullptr},
      {"10.1.0.-1", nullptr},
      {"10.1.0.", nullptr},
      {" 10.1.0.1", nullptr},
      {"", nullptr},
      {":", nullptr},
      {":::", nullptr},
      {"1::2::3", nullptr},
      {"1:2:3:4:5:6:7", nullptr},
      {"1:2:3:4:5:6:7:8:9", nullptr},
      {"12345::", nullptr},
      {"fe80::1%eth0", nullptr},
      {"::10.0.0.1:1", nullptr},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    const auto ip = ip_number(text);
    CHECK(ip.has_value() == (expected != nullptr));
    if (ip && expected) CHECK(to_text(*ip) == expected);
  }
}

TEST_CASE("a block contains what begins like it") {
  const auto inside = [](const char* block, const char* ip) {
    return contains(*cidr_block(block), *ip_number(ip));
  };
  CHECK(inside("10.0.0.0/16", "10.0.255.255"));
  CHECK_FALSE(inside("10.0.0.0/16", "10.1.0.0"));
  CHECK(inside("10.1.0.20/32", "10.1.0.20"));
  CHECK_FALSE(inside("10.1.0.20/32", "10.1.0.21"));
  CHECK(inside("10.1.0.16/30", "10.1.0.19"));
  CHECK_FALSE(inside("10.1.0.16/30", "10.1.0.20"));
  CHECK(inside("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(inside("0.0.0.0/0", "::1"));
  CHECK(inside("fd00::/8", "fdff::1"));
  CHECK_FALSE(cidr_block("10.0.0.0/33").has_value());
  CHECK_FALSE(cidr_block("10.0.0.0").has_value());
  CHECK_FALSE(cidr_block("10.0.0.0/").has_value());
  CHECK(same_cidr("10.1.0.20/32", "10.1.0.20/32"));
  CHECK(same_cidr("fd00:0::20/128", "fd00::20/128"));
  CHECK_FALSE(same_cidr("10.1.0.20/32", "10.1.0.20/31"));
}

TEST_CASE("what was mistyped is guessed, what is something else is not") {
  const std::vector<std::string> keys = {"eni_id", "vpc_id", "ip", "interface", "depends_on"};
  CHECK(nearest("eni", keys) == "eni_id");
  CHECK(nearest("vpcid", keys) == "vpc_id");
  CHECK(nearest("depend_on", keys) == "depends_on");
  CHECK(nearest("intreface", keys) == "interface");
  CHECK(nearest("colour", keys).empty());
  CHECK(nearest(std::string(1000, 'e'), keys).empty());
  CHECK(suggestion("colour", {"a", "b"}) == "Possible here: \"a\", \"b\".");
}

}  // namespace
}  // namespace mainstay
