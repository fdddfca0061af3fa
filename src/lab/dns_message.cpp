// Bytes in network order, names as labels.
#include "lab/dns_message.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <map>
#include <sstream>

namespace mainstay::lab {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_opt = 41;

const std::map<std::string, std::uint16_t, std::less<>>& types() {
  static const std::map<std::string, std::uint16_t, std::less<>> all = {
      {"A", 1},    {"NS", 2},   {"CNAME", 5}, {"SOA", 6},
      {"PTR", 12}, {"TXT", 16}, {"AAAA", 28}, {"ANY", 255}};
  return all;
}

std::string type_text(std::uint16_t number) {
  for (const auto& [name, value] : types()) {
    if (value == number) return name;
  }
  return fmt::format("TYPE{}", number);
}

// Reads from the front; beyond the end it gives zeros and remembers that it did.
struct Reader {
  std::string_view bytes;
  std::size_t at = 0;
  bool good = true;

  std::uint8_t byte() {
    if (at >= bytes.size()) {
      good = false;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes[at++]);
  }
  std::uint16_t word() {
    const std::uint16_t high = byte();
    return static_cast<std::uint16_t>((high << 8U) | byte());
  }
  // A question comes before anything it could be compressed by.
  std::string name() {
    std::string out;
    for (std::uint8_t size = byte(); good && size != 0; size = byte()) {
      if (size > label_size_max || out.size() + size >= name_size_max) good = false;
      for (int i = 0; good && i < size; ++i) {
        const char c = static_cast<char>(byte());
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
      out += '.';
    }
    return out.empty() ? "." : out;
  }
};

struct Writer {
  std::string bytes;

  void byte(std::size_t value) { bytes += static_cast<char>(value & 0xffU); }
  void word(std::size_t value) {
    byte(value >> 8U);
    byte(value);
  }
  void number(std::uint32_t value) {
    word(value >> 16U);
    word(value & 0xffffU);
  }
  void name(std::string_view text) {
    while (!text.empty() && text != ".") {
      const auto dot = text.find('.');
      byte(dot);
      bytes += text.substr(0, dot);
      text.remove_prefix(dot + 1);
    }
    byte(0);
  }
};

void write_soa(Writer& out, const std::string& value) {
  std::istringstream words(value);
  std::string server;
  std::string mail;
  words >> server >> mail;
  out.name(server);
  out.name(mail);
  for (std::uint32_t number = 0; words >> number;) out.number(number);
}

std::string value_bytes(const std::string& type, const std::string& value) {
  Writer out;
  if (type == "A" || type == "AAAA") {
    unsigned char address[16] = {};
    const bool old = type == "A";
    inet_pton(old ? AF_INET : AF_INET6, value.c_str(), address);
    out.bytes.assign(reinterpret_cast<const char*>(address), old ? 4 : 16);
  } else if (type == "TXT") {
    out.byte(value.size() - 2);
    out.bytes += value.substr(1, value.size() - 2);
  } else if (type == "SOA") {
    write_soa(out, value);
  } else {
    out.name(value.ends_with('.') ? value : value + ".");
  }
  return out.bytes;
}

std::size_t write_records(Writer& out, const std::vector<RecordSet>& sets) {
  std::size_t count = 0;
  for (const RecordSet& set : sets) {
    for (const std::string& value : set.values) {
      out.name(set.name);
      out.word(types().at(set.type));
      out.word(class_in);
      out.number(set.ttl);
      const std::string data = value_bytes(set.type, value);
      out.word(data.size());
      out.bytes += data;
      ++count;
    }
  }
  return count;
}

struct Sections {
  std::string bytes;
  std::size_t answers = 0;
  std::size_t authority = 0;
};

Sections sections_of(const DnsAnswer& answer) {
  Writer body;
  Sections out;
  out.answers = write_records(body, answer.answers);
  out.authority = write_records(body, answer.authority);
  out.bytes = body.bytes;
  return out;
}

void write_header(Writer& out, const DnsQuery& query, const DnsAnswer& answer, bool truncated) {
  constexpr unsigned response = 0x8000;
  constexpr unsigned authoritative = 0x0400;
  constexpr unsigned cut_off = 0x0200;
  constexpr unsigned desired = 0x0100;
  constexpr unsigned available = 0x0080;
  out.word(query.id);
  out.word(response | (answer.authoritative ? authoritative : 0U) | (truncated ? cut_off : 0U) |
           (query.recursion_desired ? desired : 0U) |
           (answer.recursion_available ? available : 0U) | static_cast<unsigned>(answer.code));
}

}  // namespace

Result<DnsQuery> parse_dns_query(std::string_view bytes) {
  Reader in{bytes};
  DnsQuery query;
  query.id = in.word();
  const std::uint16_t flags = in.word();
  query.recursion_desired = (flags & 0x0100U) != 0;
  const bool question = (flags & 0xf800U) == 0;  // a query, of the standard kind
  const std::uint16_t questions = in.word();
  in.word();
  in.word();
  const std::uint16_t additional = in.word();
  query.question.name = in.name();
  query.question.type = type_text(in.word());
  const std::uint16_t asked_class = in.word();
  if (!in.good || !question || questions != 1 || asked_class != class_in) {
    return failure(Code::invalid, "this is not a DNS query with one question of class IN");
  }
  query.question_bytes = bytes.substr(header_size, in.at - header_size);
  if (additional > 0 && in.byte() == 0 && in.word() == type_opt) {
    query.extended = true;
    query.size_max = std::max<std::uint16_t>(512, in.word());
  }
  return query;
}

std::string print_dns_answer(const DnsQuery& query, const DnsAnswer& answer, std::size_t size_max) {
  Sections sections = sections_of(answer);
  const std::size_t extra = query.extended ? 11 : 0;
  const bool truncated =
      header_size + query.question_bytes.size() + sections.bytes.size() + extra > size_max;
  if (truncated) sections = {};
  Writer out;
  write_header(out, query, answer, truncated);
  out.word(1);
  out.word(sections.answers);
  out.word(sections.authority);
  out.word(query.extended ? 1 : 0);
  out.bytes += query.question_bytes + sections.bytes;
  if (query.extended) {
    out.byte(0);
    out.word(type_opt);
    out.word(dns_udp_size);
    out.number(0);
    out.word(0);
  }
  return out.bytes;
}

}  // namespace mainstay::lab
