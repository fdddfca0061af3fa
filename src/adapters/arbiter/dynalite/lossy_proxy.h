// A TCP proxy on loopback that can keep requests or answers to itself: test support.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdint>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace mainstay::dynamodb {

class LossyProxy {
 public:
  enum class Mood {
    well,
    silent,             // nothing passes
    losing_answers,     // requests pass, answers do not
    losing_one_answer,  // hangs up instead of passing on the next answer; well again
  };

  explicit LossyProxy(int port) : upstream_(loopback(port)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    MAINSTAY_CHECK(bind(listener_, as_any(address), sizeof address) == 0);
    MAINSTAY_CHECK(listen(listener_, 64) == 0);
    socklen_t size = sizeof address;
    MAINSTAY_CHECK(getsockname(listener_, as_any(address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
  }
  ~LossyProxy() {
    stopping_ = true;
    acceptor_.join();
    connections_.clear();  // Joins them.
    close(listener_);
  }

  void set(Mood mood) { mood_ = mood; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  static sockaddr* as_any(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

  void accept_all() {
    pollfd polled{listener_, POLLIN, 0};
    while (!stopping_) {
      if (poll(&polled, 1, 20) <= 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      connections_.emplace_back([this, client] {
        serve(client);
        close(client);
      });
    }
  }

  void serve(int client) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = upstream_;
    bool open = connect(server, as_any(address), sizeof address) == 0;
    while (open && !stopping_) {
      std::array<pollfd, 2> polled{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (poll(polled.data(), polled.size(), 20) <= 0) continue;
      if (polled[0].revents != 0) open = pass(client, server, mood_ != Mood::silent);
      if (open && polled[1].revents != 0) open = pass_answer(server, client);
    }
    close(server);
  }

  bool pass_answer(int server, int client) {
    Mood expected = Mood::losing_one_answer;
    if (mood_.compare_exchange_strong(expected, Mood::well)) return false;
    return pass(server, client, mood_ == Mood::well);
  }

  static bool pass(int from, int to, bool on) {
    std::array<char, 16384> chunk;
    ssize_t size = recv(from, chunk.data(), chunk.size(), 0);
    if (size <= 0) return false;
    for (const char* at = chunk.data(); on && size > 0;) {
      const ssize_t sent = send(to, at, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += sent;
      size -= sent;
    }
    return true;
  }

  sockaddr_in upstream_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<Mood> mood_ = Mood::well;
  std::atomic<bool> stopping_ = false;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace mainstay::dynamodb
