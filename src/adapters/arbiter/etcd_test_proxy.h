// A TCP proxy on loopback that loses what it is told to lose, for tests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdint>

#include <atomic>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::etcd {

enum class Loss {
  nothing,
  everything,   // questions and answers
  answers,      // what is asked arrives
  one_answer,   // the next one; then nothing more, but on that connection
  all_refused,  // nothing arrives, and `refusal` is the answer
};

class TestProxy {
 public:
  TestProxy(int target_port, std::string refusal)
      : target_port_(target_port), refusal_(std::move(refusal)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    MAINSTAY_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    MAINSTAY_CHECK(listen(listener_, 64) == 0);
    MAINSTAY_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~TestProxy() {
    thread_.request_stop();
    thread_.join();
    for (const Pair& pair : pairs_) end(pair);
    close(listener_);
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  void lose(Loss loss) { loss_ = loss; }
  int answers_lost() const { return answers_lost_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    bool deaf = false;  // no answer passes here any more
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  static void end(const Pair& pair) {
    close(pair.client);
    close(pair.server);
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        polled.push_back({pair.client, POLLIN, 0});
        polled.push_back({pair.server, POLLIN, 0});
      }
      if (poll(polled.data(), polled.size(), 10) <= 0) continue;
      std::size_t at = 1;
      for (auto pair = pairs_.begin(); pair != pairs_.end();) {
        const bool asked = polled[at++].revents != 0;
        const bool answered = polled[at++].revents != 0;
        const bool stands = (!asked || pass_question(*pair)) && (!answered || pass_answer(*pair));
        if (!stands) end(*pair);
        pair = stands ? std::next(pair) : pairs_.erase(pair);
      }
      if (polled[0].revents != 0) accept_one();
    }
  }

  void accept_one() {
    Pair pair{.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)};
    if (pair.client < 0) return;
    pair.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_port_);
    if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      pairs_.push_back(pair);
    } else {
      end(pair);
    }
  }

  // False: the connection is over.
  bool pass_question(Pair& pair) {
    const std::string text = received(pair.client);
    if (text.empty()) return false;
    if (loss_ == Loss::all_refused) {
      send_all(pair.client, refusal_);
      return false;
    }
    if (loss_ == Loss::everything) {
      pair.deaf = true;
    } else {
      send_all(pair.server, text);
    }
    return true;
  }
  bool pass_answer(Pair& pair) {
    const std::string text = received(pair.server);
    if (text.empty()) return false;
    Loss one = Loss::one_answer;
    pair.deaf |= loss_ == Loss::answers || loss_.compare_exchange_strong(one, Loss::nothing);
    if (pair.deaf) {
      ++answers_lost_;
    } else {
      send_all(pair.client, text);
    }
    return true;
  }

  static std::string received(int socket) {
    std::string text(64 * 1024, '\0');
    const ssize_t size = recv(socket, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  static void send_all(int socket, std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  int target_port_;
  std::string refusal_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<Loss> loss_ = Loss::nothing;
  std::atomic<int> answers_lost_ = 0;
  std::list<Pair> pairs_;  // of the thread alone
  std::jthread thread_;
};

}  // namespace mainstay::etcd
