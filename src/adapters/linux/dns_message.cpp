#include "adapters/linux/dns_message.h"

#include <arpa/inet.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace mainstay::adapters {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t name_size_max = 253;
constexpr std::size_t label_size_max = 63;
constexpr int pointers_max = 32;
constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t recursion_desired = 0x0100;
constexpr std::uint16_t is_response = 0x8000;
constexpr std::uint16_t truncated = 0x0200;

void put(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (out.ends_with('.')) out.pop_back();
  return out;
}

// Reads a message in network order and never past its end.
class Cursor {
 public:
  explicit Cursor(ByteView message) : message_(message) {}

  std::uint16_t u16() {
    if (at_ + 2 > message_.size()) return fail();
    const auto value = static_cast<std::uint16_t>(message_[at_] << 8 | message_[at_ + 1]);
    at_ += 2;
    return value;
  }
  ByteView take(std::size_t size) {
    if (at_ + size > message_.size()) {
      fail();
      return {};
    }
    const ByteView taken = message_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  // In lower case, without its last dot. Pointers lead back into the message.
  std::string name() {
    std::string text;
    std::size_t place = at_;
    std::optional<std::size_t> behind;
    for (int pointers = 0;;) {
      if (place >= message_.size()) return fail_name();
      const std::size_t length = message_[place];
      if (length == 0) {
        at_ = behind.value_or(place + 1);
        return lower(text);
      }
      if ((length & 0xc0) == 0xc0) {
        if (place + 1 >= message_.size() || ++pointers > pointers_max) return fail_name();
        if (!behind) behind = place + 2;
        place = (length & 0x3f) << 8 | message_[place + 1];
        continue;
      }
      const std::size_t end = place + 1 + length;
      if (length > label_size_max || end > message_.size()) return fail_name();
      if (!text.empty()) text += '.';
      text += as_text(message_.subspan(place + 1, length));
      if (text.size() > name_size_max) return fail_name();
      place = end;
    }
  }
  bool ok() const { return ok_; }

 private:
  std::uint16_t fail() {
    ok_ = false;
    at_ = message_.size();
    return 0;
  }
  std::string fail_name() {
    fail();
    return {};
  }

  ByteView message_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

struct Header {
  std::uint16_t number = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
};

Header read_header(Cursor& cursor) {
  Header header;
  header.number = cursor.u16();
  header.flags = cursor.u16();
  header.questions = cursor.u16();
  header.answers = cursor.u16();
  cursor.take(4);
  return header;
}

std::string address_text(ByteView data) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = data.size() == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, data.data(), text.data(), text.size());
  return text.data();
}

Error corrupt(const DnsQuestion& question) {
  return {Code::corrupt, fmt::format("the answer about {} makes no sense", question.name)};
}

// One record's data. A name in it may point back into the message, so it is read in its place.
std::optional<std::string> read_value(Cursor& cursor, DnsType type, std::size_t length) {
  if (type == DnsType::ns) return cursor.name();
  const ByteView data = cursor.take(length);
  if (data.size() != (type == DnsType::a ? 4 : 16)) return std::nullopt;
  return address_text(data);
}

Result<std::vector<std::string>> read_answers(Cursor& cursor, const Header& header,
                                              const DnsQuestion& question) {
  constexpr std::uint16_t type_cname = 5;
  std::string wanted = lower(question.name);
  std::vector<std::string> values;
  for (int i = 0; i < header.answers && cursor.ok(); ++i) {
    const std::string name = cursor.name();
    const std::uint16_t type = cursor.u16();
    const std::uint16_t klass = cursor.u16();
    cursor.take(4);  // the time to live
    const std::uint16_t length = cursor.u16();
    if (type == type_cname) {
      // An alias stands before what it leads to.
      const std::string target = cursor.name();
      if (name == wanted) wanted = target;
      continue;
    }
    if (type != static_cast<std::uint16_t>(question.type) || klass != class_internet ||
        name != wanted) {
      cursor.take(length);
      continue;
    }
    const auto value = read_value(cursor, question.type, length);
    if (value) values.push_back(*value);
  }
  if (!cursor.ok()) return std::unexpected(corrupt(question));
  return values;
}

std::string_view described(DnsType type) {
  switch (type) {
    case DnsType::a:
      return "IPv4 address";
    case DnsType::aaaa:
      return "IPv6 address";
    case DnsType::ns:
      break;
  }
  return "name server";
}

}  // namespace

DnsType type_of(IpFamily family) { return family == IpFamily::v4 ? DnsType::a : DnsType::aaaa; }

Result<Bytes> encode(const DnsQuestion& question) {
  Bytes out;
  for (const std::uint16_t value : {question.number, recursion_desired, std::uint16_t{1},
                                    std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}}) {
    put(out, value);
  }
  const std::string name = lower(question.name);
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(label.size() + 1, rest.size()));
    if (label.empty() || label.size() > label_size_max || name.size() > name_size_max) {
      return failure(Code::invalid, fmt::format("\"{}\" is no DNS name", question.name));
    }
    out.push_back(static_cast<std::uint8_t>(label.size()));
    const ByteView bytes = as_bytes(label);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  out.push_back(0);
  put(out, static_cast<std::uint16_t>(question.type));
  put(out, class_internet);
  return out;
}

bool answers(ByteView message, const DnsQuestion& question) {
  Cursor cursor(message);
  const Header header = read_header(cursor);
  if ((header.flags & is_response) == 0 || header.number != question.number) return false;
  if (header.questions != 1) return false;
  const std::string name = cursor.name();
  const std::uint16_t type = cursor.u16();
  return cursor.ok() && name == lower(question.name) &&
         type == static_cast<std::uint16_t>(question.type);
}

bool is_truncated(ByteView message) {
  return message.size() >= header_size && ((message[2] << 8 | message[3]) & truncated) != 0;
}

Result<std::vector<std::string>> decode(ByteView message, const DnsQuestion& question) {
  constexpr int no_error = 0;
  constexpr int no_such_name = 3;
  if (!answers(message, question)) return std::unexpected(corrupt(question));
  Cursor cursor(message);
  const Header header = read_header(cursor);
  cursor.name();
  cursor.take(4);
  const int code = header.flags & 0x000f;
  if (code == no_such_name) {
    return failure(Code::not_found, fmt::format("the name {} does not exist", question.name));
  }
  if (code != no_error) {
    return failure(Code::unavailable,
                   fmt::format("the name server answers {} with error {}", question.name, code));
  }
  auto values = read_answers(cursor, header, question);
  if (!values || !values->empty()) return values;
  return failure(Code::not_found,
                 fmt::format("the name {} has no {}", question.name, described(question.type)));
}

}  // namespace mainstay::adapters
