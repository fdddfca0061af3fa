// A small HTTP server on loopback, for tests: it answers as it is told, well or badly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "adapters/http/http.h"
#include "adapters/http/url.h"
#include "base/check.h"

namespace mainstay {

class TestServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    HttpHeaders headers;
    std::string body;
    int connection = 0;  // numbered from 1
  };
  enum class Ending {
    keep,       // answer, and keep the connection
    close,      // answer, then close it
    break_off,  // close it without an answer
    silence,    // take the request and never answer
  };
  struct Answer {
    int status = 200;
    std::string body;
    HttpHeaders headers;
    Ending ending = Ending::keep;
    std::string raw;  // instead of all the above, then close
  };
  // Called on the server's own threads, one at a time.
  using Handler = std::function<Answer(const Request&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MAINSTAY_CHECK(listener_ >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MAINSTAY_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    MAINSTAY_CHECK(listen(listener_, 64) == 0);
    socklen_t size = sizeof address;
    MAINSTAY_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
  }

  ~TestServer() {
    stopping_ = true;
    acceptor_.join();
    connections_.clear();  // Joins them.
    close(listener_);
  }

  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int port() const { return port_; }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  // Everything below gives up soon after the server is being destroyed.
  bool readable(int socket) const {
    pollfd polled{socket, POLLIN, 0};
    while (!stopping_) {
      if (poll(&polled, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    int number = 0;
    while (readable(listener_)) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      connections_.emplace_back([this, socket, id = ++number] {
        serve(socket, id);
        close(socket);
      });
    }
  }

  void serve(int socket, int connection) {
    std::string buffer;
    Request request;
    while (read_request(socket, buffer, request)) {
      request.connection = connection;
      const Answer answer = handle(request);
      if (answer.ending == Ending::silence) {
        while (readable(socket) && receive(socket, buffer)) {
        }
        return;
      }
      if (answer.ending == Ending::break_off) return;
      send_all(socket, answer.raw.empty() ? text_of(answer, request.method == "HEAD") : answer.raw);
      if (answer.ending == Ending::close || !answer.raw.empty()) return;
    }
  }

  Answer handle(const Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return handler_(request);
  }

  bool receive(int socket, std::string& buffer) const {
    char chunk[16384];
    const ssize_t size = recv(socket, chunk, sizeof chunk, 0);
    if (size <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(size));
    return true;
  }

  bool read_request(int socket, std::string& buffer, Request& request) const {
    std::size_t head_end = 0;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!readable(socket) || !receive(socket, buffer)) return false;
    }
    request = parse_head(std::string_view(buffer).substr(0, head_end));
    buffer.erase(0, head_end + 4);
    const std::string length(header_value(request.headers, "Content-Length"));
    const std::size_t wanted = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < wanted) {
      if (!readable(socket) || !receive(socket, buffer)) return false;
    }
    request.body = buffer.substr(0, wanted);
    buffer.erase(0, wanted);
    return true;
  }

  static Request parse_head(std::string_view head) {
    Request request;
    const auto first = head.substr(0, head.find("\r\n"));
    const auto space = first.find(' ');
    request.method = first.substr(0, space);
    request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
    for (std::size_t at = first.size() + 2; at < head.size();) {
      const auto line = head.substr(at, head.find("\r\n", at) - at);
      const auto colon = line.find(':');
      request.headers.push_back({std::string(line.substr(0, colon)),
                                 std::string(trim(line.substr(std::min(colon + 1, line.size()))))});
      at += line.size() + 2;
    }
    return request;
  }

  static std::string text_of(const Answer& answer, bool head_only) {
    std::string text = fmt::format("HTTP/1.1 {} Status\r\n", answer.status);
    for (const auto& header : answer.headers) text += header.name + ": " + header.value + "\r\n";
    if (answer.ending == Ending::close) text += "Connection: close\r\n";
    text += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
    return head_only ? text : text + answer.body;
  }

  static void send_all(int socket, std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace mainstay
