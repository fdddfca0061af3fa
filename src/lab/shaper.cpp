// One thread, one heap of frames ordered by the time they are due.
#include "lab/shaper.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <queue>
#include <thread>

#include "base/random.h"
#include "lab/netns.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t frame_size_max = 70'000;

struct Frame {
  std::int64_t due_ns = 0;
  int line = 0;
  int to_end = 0;
  std::string bytes;
  friend bool operator<(const Frame& a, const Frame& b) { return a.due_ns > b.due_ns; }
};

struct Line {
  std::array<Fd, 2> ends;
  LineQuality quality{};
};

Result<Fd> open_tap(int index) {
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return system_failure("open a packet socket");
  const int on = 1;
  // With this header unfinished checksums and large segments stay what they are.
  if (::setsockopt(socket.number(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0 ||
      ::setsockopt(socket.number(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0) {
    return system_failure("set up a packet socket");
  }
  const int room = 8 << 20;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index;
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return system_failure("bind a packet socket");
  }
  return socket;
}

}  // namespace

struct Shaper::State {
  const Fd* wires = nullptr;
  Fd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;  // guards all that follows
  bool stopping = false;
  std::map<int, std::shared_ptr<Line>> lines;
  std::priority_queue<Frame> flying;
  Random random{0x5ca1ab1eU};
  std::thread thread;

  void run();
  void wait();
  void receive(int number, Line& line, int end, std::string& buffer);
  void deliver();
  std::int64_t due(const LineQuality& quality);
};

std::int64_t Shaper::State::due(const LineQuality& quality) {
  Duration late = quality.delay;
  if (quality.jitter > Duration{}) late += random.between(-quality.jitter, quality.jitter);
  return monotonic_ns() + std::max<std::int64_t>(0, late.count());
}

void Shaper::State::receive(int number, Line& line, int end, std::string& buffer) {
  const auto from = static_cast<std::size_t>(end);
  for (;;) {
    const ssize_t got = ::recv(line.ends[from].number(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    if (random.chance(line.quality.loss) || flying.size() >= frames_in_flight_max) continue;
    flying.push({due(line.quality), number, 1 - end,
                 std::string(buffer.data(), static_cast<std::size_t>(got))});
  }
}

void Shaper::State::deliver() {
  while (!flying.empty() && flying.top().due_ns <= monotonic_ns()) {
    const Frame& frame = flying.top();
    if (const auto line = lines.find(frame.line); line != lines.end()) {
      const Fd& end = line->second->ends[static_cast<std::size_t>(frame.to_end)];
      // A frame that cannot be sent is a frame that was lost: links may do that.
      (void)!::send(end.number(), frame.bytes.data(), frame.bytes.size(), MSG_DONTWAIT);
    }
    flying.pop();
  }
}

void Shaper::State::wait() {
  std::vector<pollfd> watched = {{wake.number(), POLLIN, 0}};
  std::vector<std::shared_ptr<Line>> keep;  // Descriptors stay open while they are polled.
  std::int64_t wait_ns = -1;
  {
    const std::lock_guard lock(mutex);
    for (const auto& [number, line] : lines) {
      keep.push_back(line);
      for (const Fd& end : line->ends) watched.push_back({end.number(), POLLIN, 0});
    }
    if (!flying.empty()) wait_ns = std::max<std::int64_t>(0, flying.top().due_ns - monotonic_ns());
  }
  const timespec patience{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
  ::ppoll(watched.data(), watched.size(), wait_ns < 0 ? nullptr : &patience, nullptr);
  std::uint64_t count = 0;
  (void)!::read(wake.number(), &count, sizeof(count));  // Only to make it quiet again.
}

void Shaper::State::run() {
  std::string buffer(frame_size_max, '\0');
  for (;;) {
    wait();
    const std::lock_guard lock(mutex);
    if (stopping) return;
    for (const auto& [number, line] : lines) {
      receive(number, *line, 0, buffer);
      receive(number, *line, 1, buffer);
    }
    deliver();
  }
}

Shaper::Shaper(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Shaper>> Shaper::start(const Fd& wires) {
  auto state = std::make_unique<State>();
  if (!state->wake) return system_failure("eventfd");
  state->wires = &wires;
  return std::unique_ptr<Shaper>(new Shaper(std::move(state)));
}

Shaper::~Shaper() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  eventfd_write(state_->wake.number(), 1);
  if (state_->thread.joinable()) state_->thread.join();
}

Status Shaper::shape(int line, int first_index, int second_index, const LineQuality& quality) {
  auto made = std::make_shared<Line>();
  made->quality = quality;
  const auto opened = inside(*state_->wires, [&]() -> Status {
    const std::array<int, 2> indices = {first_index, second_index};
    for (std::size_t end = 0; end < 2; ++end) {
      auto tap = open_tap(indices[end]);
      if (!tap) return std::unexpected(tap.error());
      made->ends[end] = std::move(*tap);
    }
    return {};
  });
  if (!opened) return opened;
  const std::lock_guard lock(state_->mutex);
  state_->lines[line] = std::move(made);
  if (!state_->thread.joinable())
    state_->thread = std::thread([state = state_.get()] { state->run(); });
  eventfd_write(state_->wake.number(), 1);
  return {};
}

void Shaper::release(int line) {
  const std::lock_guard lock(state_->mutex);
  state_->lines.erase(line);
  eventfd_write(state_->wake.number(), 1);
}

}  // namespace mainstay::lab
