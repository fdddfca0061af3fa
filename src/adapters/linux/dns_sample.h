// Test support: answers of a name server, put together by hand.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "adapters/linux/dns_message.h"

namespace mainstay::adapters {

class DnsSample {
 public:
  explicit DnsSample(const DnsQuestion& question) : bytes_(*encode(question)) { bytes_[2] = 0x81; }
  // The answer to this question as it came in.
  explicit DnsSample(ByteView question) : bytes_(question.begin(), question.end()) {
    bytes_[2] = 0x81;
  }

  DnsSample& code(int code) {
    bytes_[3] = static_cast<std::uint8_t>((bytes_[3] & 0xf0) | code);
    return *this;
  }
  DnsSample& truncated() {
    bytes_[2] |= 0x02;
    return *this;
  }
  // Of the name that was asked for, or of another.
  DnsSample& address(int family, std::initializer_list<std::uint8_t> data,
                     std::string_view name = "") {
    begin(name, family == 4 ? 1 : 28, data.size());
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  DnsSample& server(std::string_view name) {
    begin("", 2, name.size() + 2);
    put_name(name);
    return *this;
  }
  DnsSample& alias(std::string_view target) {
    begin("", 5, target.size() + 2);
    put_name(target);
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  void begin(std::string_view name, std::uint8_t type, std::size_t length) {
    ++bytes_[7];
    if (name.empty()) {
      bytes_.insert(bytes_.end(), {0xc0, 12});  // the question's name
    } else {
      put_name(name);
    }
    bytes_.insert(bytes_.end(), {0, type, 0, 1, 0, 0, 0, 5, 0, static_cast<std::uint8_t>(length)});
  }
  void put_name(std::string_view name) {
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      bytes_.push_back(static_cast<std::uint8_t>(label.size()));
      bytes_.insert(bytes_.end(), label.begin(), label.end());
      name.remove_prefix(std::min(label.size() + 1, name.size()));
    }
    bytes_.push_back(0);
  }

  Bytes bytes_;
};

}  // namespace mainstay::adapters
