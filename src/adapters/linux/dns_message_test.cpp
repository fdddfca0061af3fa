#include "adapters/linux/dns_message.h"

#include <doctest/doctest.h>

#include "adapters/linux/dns_sample.h"
#include "base/random.h"

namespace mainstay::adapters {
namespace {

using Addresses = std::vector<IpAddress>;

const DnsQuestion question{0x1234, "Service.hz1.local.", DnsType::a};

TEST_CASE("a question has one name, one type, and wants recursion") {
  const Bytes wanted = {0x12, 0x34, 1,   0,   0,   1,   0,   0,   0, 0,   0,   0,
                        7,    's',  'e', 'r', 'v', 'i', 'c', 'e', 3, 'h', 'z', '1',
                        5,    'l',  'o', 'c', 'a', 'l', 0,   0,   1, 0,   1};
  CHECK(encode(question).value() == wanted);
  for (const std::string& name : {std::string("a..b."), std::string(".a"),
                                  std::string(64, 'a') + ".", std::string(300, 'a')}) {
    const DnsQuestion wrong{1, name, DnsType::a};
    CHECK_FALSE(encode(wrong).has_value());
  }
}

TEST_CASE("addresses are read, through aliases and compressed names") {
  DnsSample sample(question);
  sample.alias("target.example.com").address(4, {10, 0, 110, 10}, "target.example.com");
  CHECK(decode(sample.bytes(), question).value() == Addresses{"10.0.110.10"});

  DnsSample two(question);
  two.address(4, {10, 0, 0, 1}).address(4, {10, 0, 0, 2});
  CHECK(decode(two.bytes(), question).value() == Addresses{"10.0.0.1", "10.0.0.2"});
}

TEST_CASE("addresses of other names and other families are none") {
  DnsSample sample(question);
  sample.address(4, {10, 0, 0, 1}, "other.example.com");
  CHECK(decode(sample.bytes(), question).error().code == Code::not_found);
  const DnsQuestion v6{0x1234, question.name, DnsType::aaaa};
  DnsSample six(v6);
  six.address(6, {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(decode(six.bytes(), v6).value() == Addresses{"fd00::1"});
}

TEST_CASE("a domain's name servers are read by their names, and addresses are none") {
  const DnsQuestion servers{0x1234, "hz1.local.", DnsType::ns};
  DnsSample sample(servers);
  sample.server("NS-1.example.net").address(4, {10, 0, 0, 1}).server("ns-2.example.org");
  CHECK(decode(sample.bytes(), servers).value() ==
        std::vector<std::string>{"ns-1.example.net", "ns-2.example.org"});
  DnsSample none(servers);
  none.address(4, {10, 0, 0, 1});
  CHECK(decode(none.bytes(), servers).error() ==
        Error{Code::not_found, "the name hz1.local. has no name server"});
}

TEST_CASE("a name that does not exist is an answer, a server in trouble is none") {
  CHECK(decode(DnsSample(question).code(3).bytes(), question).error().code == Code::not_found);
  for (const int code : {1, 2, 5}) {
    CHECK(decode(DnsSample(question).code(code).bytes(), question).error().code ==
          Code::unavailable);
  }
}

TEST_CASE("what answers another question answers not this one") {
  DnsSample sample(question);
  sample.address(4, {10, 0, 0, 1});
  CHECK(answers(sample.bytes(), question));
  CHECK_FALSE(answers(sample.bytes(), {0x1235, question.name, DnsType::a}));
  CHECK_FALSE(answers(sample.bytes(), {0x1234, "other.hz1.local.", DnsType::a}));
  CHECK_FALSE(answers(sample.bytes(), {0x1234, question.name, DnsType::aaaa}));
  CHECK_FALSE(answers(encode(question).value(), question));
  CHECK_FALSE(is_truncated(sample.bytes()));
  CHECK(is_truncated(DnsSample(question).truncated().bytes()));
}

TEST_CASE("whatever is cut off or damaged, the reader answers and stays inside") {
  DnsSample sample(question);
  sample.alias("target.example.com").address(4, {10, 0, 110, 10}, "target.example.com");
  const Bytes whole = sample.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode(ByteView(whole).first(size), question).has_value());
  }
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes damaged = whole;
    damaged[random.below(damaged.size())] = static_cast<std::uint8_t>(random.below(256));
    (void)decode(damaged, question);
  }
  // A name that points at itself.
  Bytes loop = encode(question).value();
  loop[2] = 0x80;
  loop[12] = 0xc0;
  loop[13] = 12;
  CHECK_FALSE(decode(loop, question).has_value());
}

}  // namespace
}  // namespace mainstay::adapters
