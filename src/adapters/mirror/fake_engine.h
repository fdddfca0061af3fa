// A small engine at a real control socket, for tests: it keeps the protocol and moves no bytes. It
// reads only what this daemon writes: flat objects without blanks.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "adapters/mirror/line_socket.h"
#include "base/check.h"

namespace mainstay::adapters {

class FakeEngine {
 public:
  FakeEngine(Loop& loop, const std::string& path) : loop_(loop), path_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    MAINSTAY_CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    listener_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    MAINSTAY_CHECK(bind(listener_.number(), raw, sizeof address) == 0);
    MAINSTAY_CHECK(listen(listener_.number(), 16) == 0);
    loop_.watch(listener_.number(), {.readable = true}, [this](Readiness) { accept(); });
  }
  ~FakeEngine() {
    loop_.forget(listener_.number());
    unlink(path_.c_str());
  }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  std::string role = "secondary";
  std::string own = "up to date";
  std::uint64_t term = 0;
  bool silent = false;
  bool hangs_up = false;             // instead of an answer
  std::vector<std::string> heard;    // what was asked, in order
  std::vector<std::string> answers;  // of the one who serves the record
  bool record_served() const { return recorder_ != nullptr; }

  void ask_record(const std::string& question) { recorder_->send(question); }

 private:
  void accept() {
    const int number = accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (number < 0) return;
    auto place = connections_.emplace(connections_.end());
    *place = std::make_unique<LineSocket>(
        loop_, Fd(number),
        LineSocket::Handler{
            .on_line = [this, place](std::string_view line) { on_line(place, line); },
            .on_end = [this, place](const std::string&) { forget(place); }});
  }
  using Place = std::list<std::unique_ptr<LineSocket>>::iterator;
  void forget(Place place) {
    if (recorder_ == place->get()) recorder_ = nullptr;
    connections_.erase(place);
  }
  // The member's value as it stands there, without quotes; "" if there is none.
  static std::string member(std::string_view line, const std::string& key) {
    const auto found = line.find('"' + key + "\":");
    if (found == line.npos) return "";
    line.remove_prefix(found + key.size() + 3);
    std::string value(line.substr(0, line.find_first_of(",}")));
    std::erase(value, '"');
    return value;
  }
  void on_line(Place place, std::string_view line) {
    if (!member(line, "answer").empty()) {
      answers.emplace_back(line);
      return;
    }
    const std::string verb = member(line, "do");
    heard.push_back(verb);
    if (silent) return;
    if (hangs_up) return forget(place);
    if (verb == "serve_record") recorder_ = place->get();
    const std::string answer = perform(verb, line);
    (*place)->send(fmt::format("{{\"id\":{},{}}}", member(line, "id"), answer));
  }
  static std::string refused(const char* code, const char* text) {
    return fmt::format(R"("ok":false,"code":"{}","text":"{}")", code, text);
  }
  std::string perform(const std::string& verb, std::string_view line) {
    if (verb == "promote") return promote(std::stoull(member(line, "term")));
    if (verb == "demote") role = "secondary";
    if (verb == "verify") return refused("invalid", "this engine cannot verify");
    if (verb != "status") return R"("ok":true)";
    return fmt::format(
        R"("ok":true,"name":"md1","role":"{}","term":{},"own":{{"state":"{}"}},)"
        R"("peer":{{"state":"recovering","percent":42}},"connected":true,)"
        R"("path":"10.0.2.10:29051","dirty_bytes":73400320,)"
        R"("resync":{{"bytes_per_second":104857600,"seconds_left":0.5}},"device":"{}",)"
        R"("device_size":1000,"grown_from":500,"growth":{{"to_bytes":2000,"percent":25}},)"
        R"("latency":{{"flush":{{"count":20,"p50_us":130,"p99_us":900}}}})",
        role, term, own, role == "primary" ? "/dev/null" : "");
  }
  std::string promote(std::uint64_t wanted) {
    if (role == "primary" && wanted == term) return R"("ok":true)";
    if (wanted <= term) return refused("conflict", "a higher term is known");
    if (own != "up to date") return refused("conflict", "this copy is outdated");
    role = "primary";
    term = wanted;
    return R"("ok":true,"device":"/dev/null")";
  }

  Loop& loop_;
  std::string path_;
  Fd listener_;
  std::list<std::unique_ptr<LineSocket>> connections_;
  LineSocket* recorder_ = nullptr;
};

}  // namespace mainstay::adapters
