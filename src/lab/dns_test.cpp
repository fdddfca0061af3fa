// DNS without sockets: messages, zones, and a resolver's memory.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lab/dns_resolver.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

// A question as a resolver sends it, with an EDNS record if a size is given.
std::string question_bytes(const std::string& labels, int type, int udp_size = 0) {
  std::string out("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00", 11);
  out += udp_size > 0 ? '\1' : '\0';
  out += labels + '\0' + std::string{'\0', static_cast<char>(type), '\0', '\1'};
  if (udp_size > 0) {
    out += std::string("\0\0\x29", 3);
    out += static_cast<char>(udp_size >> 8);
    out += static_cast<char>(udp_size & 255);
    out += std::string(6, '\0');
  }
  return out;
}

const std::string web = "\3web\7cluster\10internal";

struct Zones {
  std::vector<RecordSet> inner = {
      {"cluster.internal.", "SOA", 900, {"a. b. 1 2 3 4 5"}},
      {"web.cluster.internal.", "A", 5, {"10.0.110.10"}},
      {"www.cluster.internal.", "CNAME", 60, {"web.cluster.internal"}},
      {"away.cluster.internal.", "CNAME", 60, {"x.example.com."}},
      {"loop.cluster.internal.", "CNAME", 60, {"loop.cluster.internal."}},
      {"*.any.cluster.internal.", "A", 60, {"10.0.0.9"}}};
  std::vector<RecordSet> outer = {{"x.example.com.", "A", 60, {"198.51.100.1"}}};
  DnsAnswer ask(const std::string& name, const std::string& type = "A") const {
    return look_up_in_zones({{"cluster.internal.", &inner}, {"example.com.", &outer}},
                            {name, type});
  }
};

}  // namespace

TEST_CASE("a query is read, and one cut short is none") {
  const std::string bytes = question_bytes("\3WEB\7cluster\10internal", 1, 1232);
  const auto query = parse_dns_query(bytes);
  REQUIRE(query.has_value());
  CHECK(query->question == DnsQuestion{"web.cluster.internal.", "A"});
  CHECK(query->id == 0x1234);
  CHECK(query->size_max == 1232);
  for (std::size_t size = 0; size < question_bytes(web, 1).size(); ++size) {
    CHECK_FALSE(parse_dns_query(std::string_view(question_bytes(web, 1)).substr(0, size)));
  }
  CHECK(parse_dns_query(question_bytes(web, 65))->question.type == "TYPE65");
}

TEST_CASE("an answer has the bytes the standard asks for") {
  const auto query = parse_dns_query(question_bytes(web, 1));
  DnsAnswer answer{.recursion_available = true,
                   .answers = {{"web.cluster.internal.", "A", 5, {"10.0.110.10"}}}};
  const std::string bytes = print_dns_answer(*query, answer, 512);
  CHECK(bytes.substr(0, 12) == std::string("\x12\x34\x81\x80\0\1\0\1\0\0\0\0", 12));
  CHECK(bytes.substr(12, 26) == question_bytes(web, 1).substr(12));
  CHECK(bytes.ends_with(std::string("\0\1\0\1\0\0\0\5\0\4\x0a\0\x6e\x0a", 14)));
  answer.answers = std::vector<RecordSet>(40, answer.answers[0]);
  const std::string cut = print_dns_answer(*query, answer, 512);
  CHECK(cut.size() == question_bytes(web, 1).size());
  CHECK((cut[2] & 2) != 0);
  CHECK(print_dns_answer(*query, answer, dns_size_max).size() > 512);
}

TEST_CASE("zones answer with records, aliases, wildcards and absences") {
  const Zones zones;
  CHECK(zones.ask("web.cluster.internal.").answers[0].values[0] == "10.0.110.10");
  CHECK(zones.ask("web.cluster.internal.").authoritative);
  const DnsAnswer alias = zones.ask("www.cluster.internal.");
  REQUIRE(alias.answers.size() == 2);
  CHECK(alias.answers[1].values[0] == "10.0.110.10");
  CHECK(zones.ask("away.cluster.internal.").answers.back().values[0] == "198.51.100.1");
  CHECK(zones.ask("loop.cluster.internal.").code == DnsCode::server_failure);
  CHECK(zones.ask("q.any.cluster.internal.").answers[0].name == "q.any.cluster.internal.");
  const DnsAnswer other_type = zones.ask("web.cluster.internal.", "AAAA");
  CHECK(other_type.code == DnsCode::no_error);
  CHECK(other_type.answers.empty());
  CHECK(other_type.authority[0].type == "SOA");
  CHECK(zones.ask("none.cluster.internal.").code == DnsCode::no_such_name);
  CHECK(zones.ask("any.cluster.internal.").code == DnsCode::no_error);
  CHECK(zones.ask("elsewhere.org.").code == DnsCode::refused);
}

TEST_CASE("a resolver goes on saying what it was told until the TTL is over") {
  Zones zones;
  DnsResolver resolver;
  const auto ask = [&](std::int64_t now_ms) {
    return resolver.answer({"web.cluster.internal.", "A"}, now_ms,
                           [&](const DnsQuestion& question) { return zones.ask(question.name); });
  };
  CHECK(ask(0).answers[0].ttl == 5);
  zones.inner[1].values = {"10.0.120.10"};
  const DnsAnswer old = ask(3'200);
  CHECK(old.answers[0].values[0] == "10.0.110.10");
  CHECK(old.answers[0].ttl == 2);
  CHECK_FALSE(old.authoritative);
  CHECK(old.recursion_available);
  CHECK(ask(5'000).answers[0].values[0] == "10.0.120.10");
}

TEST_CASE("a resolver remembers an absence for a while") {
  Zones zones;
  DnsResolver resolver;
  const auto code = [&](std::int64_t now_ms) {
    return resolver
        .answer({"new.cluster.internal.", "A"}, now_ms,
                [&](const DnsQuestion& question) { return zones.ask(question.name); })
        .code;
  };
  CHECK(code(0) == DnsCode::no_such_name);
  zones.inner.push_back({"new.cluster.internal.", "A", 5, {"10.0.0.1"}});
  CHECK(code(absence_ttl_max * 1000 - 1) == DnsCode::no_such_name);
  CHECK(code(absence_ttl_max * 1000) == DnsCode::no_error);
}

TEST_CASE("names are read strictly and put in the order of zones") {
  CHECK(*parse_dns_name("Web.Example.COM") == "web.example.com.");
  for (const char* wrong : {"", ".", "a..b", "a b.c", "-x!.c"}) CHECK_FALSE(parse_dns_name(wrong));
  CHECK_FALSE(parse_dns_name(std::string(64, 'a') + ".b"));
  CHECK(name_in_zone("a.b.", "b."));
  CHECK_FALSE(name_in_zone("ab.", "b."));
  CHECK(reversed_labels("www.example.com.") == "com.example.www.");
}
