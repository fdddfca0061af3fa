#include "harness/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/random.h"
#include "harness/process.h"

namespace mainstay::bench {
namespace {

constexpr std::size_t answer_size = 16;
constexpr std::size_t alignment = 4096;

struct Free {
  void operator()(std::uint8_t* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::uint8_t, Free>;

Memory memory_of(std::size_t size) {
  auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(alignment, size));
  MAINSTAY_CHECK(memory != nullptr);
  std::memset(memory, 0x5a, size);
  return Memory(memory);
}

// Closed when its owner goes.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

bool send_all(int socket, const std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t received = recv(socket, bytes, size, 0);
    if (received <= 0) return false;
    bytes += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

void without_delay(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

class WireRun {
 public:
  explicit WireRun(const WireLoad& load)
      : load_(load),
        local_(open(load.local.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC)),
        remote_(open(load.remote.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

  Result<LoadResult> run() {
    if (local_.number() < 0 || remote_.number() < 0 || !listen_on_loopback()) {
      return failure(Code::unavailable, fmt::format("the plain program: {}", std::strerror(errno)));
    }
    std::vector<std::jthread> threads;
    const auto depth = static_cast<std::size_t>(load_.depth);
    std::vector<std::vector<double>> latencies(depth);
    for (std::size_t i = 0; i < depth; ++i) {
      threads.emplace_back([this] { serve(); });
    }
    const std::int64_t begun = monotonic_ns();
    for (std::size_t i = 0; i < depth; ++i) {
      threads.emplace_back([this, i, &latencies, begun] { ask(i, begun, latencies[i]); });
    }
    threads.clear();
    if (failed_) return failure(Code::unavailable, "the plain program: an error of disk or wire");
    return result(latencies, static_cast<double>(monotonic_ns() - begun) / 1e9);
  }

 private:
  bool listen_on_loopback() {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    return bind(listener_.number(), generic, size) == 0 &&
           listen(listener_.number(), load_.depth) == 0 &&
           getsockname(listener_.number(), generic, &size) == 0;
  }
  bool store(int file, const std::uint8_t* bytes, std::uint64_t offset) const {
    return pwrite(file, bytes, load_.request, static_cast<off_t>(offset)) ==
               static_cast<ssize_t>(load_.request) &&
           (!load_.flush || fdatasync(file) == 0);
  }
  // The first eight bytes say where the request belongs.
  void serve() {
    const Descriptor client(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    without_delay(client.number());
    const Memory memory = memory_of(load_.request);
    const std::array<std::uint8_t, answer_size> answer{};
    while (receive_all(client.number(), memory.get(), load_.request)) {
      std::uint64_t offset = 0;
      std::memcpy(&offset, memory.get(), sizeof offset);
      if (!store(remote_.number(), memory.get(), offset)) failed_ = true;
      if (!send_all(client.number(), answer.data(), answer.size())) return;
    }
  }
  std::uint64_t place(Random& random, std::uint64_t number) const {
    const std::uint64_t places = load_.size / load_.request;
    return (load_.sequential ? number % places : random.below(places)) * load_.request;
  }
  void ask(std::size_t thread, std::int64_t begun, std::vector<double>& latencies) {
    const Descriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(server.number(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) !=
        0) {
      failed_ = true;
      return;
    }
    without_delay(server.number());
    const Memory memory = memory_of(load_.request);
    std::array<std::uint8_t, answer_size> answer{};
    Random random(thread + 1);
    for (std::uint64_t number = 0; !failed_; ++number) {
      const std::int64_t since = monotonic_ns();
      if (since - begun >= load_.length.count()) return;
      const std::uint64_t offset =
          place(random, number * static_cast<std::uint64_t>(load_.depth) + thread);
      const bool read = !load_.copy || pread(local_.number(), memory.get(), load_.request,
                                             static_cast<off_t>(offset)) > 0;
      std::memcpy(memory.get(), &offset, sizeof offset);
      const bool sent = read && send_all(server.number(), memory.get(), load_.request);
      const bool stored = load_.copy || store(local_.number(), memory.get(), offset);
      if (!sent || !stored || !receive_all(server.number(), answer.data(), answer.size())) {
        failed_ = true;
        return;
      }
      latencies.push_back(static_cast<double>(monotonic_ns() - since) / 1e3);
    }
  }
  LoadResult result(const std::vector<std::vector<double>>& latencies, double seconds) const {
    std::vector<double> all;
    for (const auto& each : latencies) all.insert(all.end(), each.begin(), each.end());
    if (all.empty()) return {};
    std::ranges::sort(all);
    const double rate = static_cast<double>(all.size()) / seconds;
    return {.per_second = rate,
            .bytes_per_second = rate * static_cast<double>(load_.request),
            .p99_us = all[all.size() * 99 / 100]};
  }

  const WireLoad& load_;
  Descriptor local_, remote_, listener_;
  sockaddr_in address_{};
  std::atomic<bool> failed_ = false;
};

}  // namespace

Result<LoadResult> run_on_wire(const WireLoad& load) { return WireRun(load).run(); }

}  // namespace mainstay::bench
