// A small engine at a real control socket, for tests: it keeps the protocol and moves no bytes.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adapters/mirror/line_socket.h"
#include "base/check.h"

namespace mainstay::adapters {

class FakeEngine {
 public:
  using Json = nlohmann::json;

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
  bool hangs_up = false;           // instead of an answer
  std::vector<std::string> heard;  // what was asked, in order
  std::vector<Json> answers;       // of the one who serves the record
  bool record_served() const { return recorder_ != nullptr; }

  void ask_record(const Json& question) { recorder_->send(question.dump()); }

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
  void on_line(Place place, std::string_view line) {
    const Json asked = Json::parse(line);
    if (asked.contains("answer")) {
      answers.push_back(asked);
      return;
    }
    heard.push_back(asked.at("do"));
    if (silent) return;
    if (hangs_up) return forget(place);
    if (asked.at("do") == "serve_record") recorder_ = place->get();
    Json answer = perform(asked);
    answer["id"] = asked.at("id");
    (*place)->send(answer.dump());
  }
  static Json refused(const char* code, const char* text) {
    return {{"ok", false}, {"code", code}, {"text", text}};
  }
  Json perform(const Json& asked) {
    const std::string verb = asked.at("do");
    if (verb == "promote") return promote(asked.at("term"));
    if (verb == "demote") role = "secondary";
    if (verb == "verify") return refused("invalid", "this engine cannot verify");
    if (verb != "status") return {{"ok", true}};
    return {{"ok", true},
            {"name", "md1"},
            {"role", role},
            {"term", term},
            {"own", {{"state", own}}},
            {"peer", {{"state", "recovering"}, {"percent", 42}}},
            {"connected", true},
            {"path", "10.0.2.10:29051"},
            {"dirty_bytes", 73400320},
            {"resync", {{"bytes_per_second", 104857600}, {"seconds_left", 0.5}}},
            {"device", role == "primary" ? "/dev/null" : ""},
            {"latency", {{"flush", {{"count", 20}, {"p50_us", 130}, {"p99_us", 900}}}}}};
  }
  Json promote(std::uint64_t wanted) {
    if (role == "primary" && wanted == term) return {{"ok", true}};
    if (wanted <= term) return refused("conflict", "a higher term is known");
    if (own != "up to date") return refused("conflict", "this copy is outdated");
    role = "primary";
    term = wanted;
    return {{"ok", true}, {"device", "/dev/null"}};
  }

  Loop& loop_;
  std::string path_;
  Fd listener_;
  std::list<std::unique_ptr<LineSocket>> connections_;
  LineSocket* recorder_ = nullptr;
};

}  // namespace mainstay::adapters
