// The two ends of control connections.
#include "adapters/linux/tcp_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t read_size = 64 * 1024;
// One wake-up reads at most this often from one connection.
constexpr int reads_per_turn_max = 8;
// Sealed ahead of what the socket takes; the rest waits in the queue.
constexpr std::size_t sealed_ahead_max = 256 * 1024;

// An idle connection to a machine that is gone is noticed, so that it does not stay for ever.
constexpr int keepalive_idle_s = 15;
constexpr int keepalive_interval_s = 5;
constexpr int keepalive_probes = 3;

void set_option(int fd, int level, int option, int value) {
  // They make breaks known sooner; without them a connection still works.
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof value));
}

}  // namespace

void set_stream_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(unacknowledged_max);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(patience.count()));
}

TcpNetwork::Link::~Link() {
  network_.loop_.cancel(timer_);
  close();
}

void TcpNetwork::Link::send(ByteView message) {
  MAINSTAY_CHECK(message.size() <= stream_message_size_max);
  if (queue_.size() >= stream_queue_max || queue_size_ + message.size() > stream_queue_size_max) {
    ++network_.counts_.messages_dropped;
    return;
  }
  queue_.emplace_back(message.begin(), message.end());
  queue_size_ += message.size();
  if (state_ == State::idle) begin_round();
  if (state_ == State::ready) flush();
}

void TcpNetwork::Link::begin_round() {
  state_ = State::trying;
  untried_.clear();
  const auto paths = static_cast<PathIndex>(network_.config_.nodes.at(peer_).size());
  for (const bool heard : {true, false}) {
    for (PathIndex path = 0; path < paths; ++path) {
      if (network_.path_works_(peer_, path) == heard) untried_.push_back(path);
    }
  }
  try_next_path();
}

void TcpNetwork::Link::try_next_path() {
  while (!untried_.empty()) {
    const PathIndex path = untried_.front();
    untried_.erase(untried_.begin());
    problem_ = start_connecting(path);
    if (problem_.empty()) return;
  }
  pause();
}

// Gives what prevents it, or "".
std::string TcpNetwork::Link::start_connecting(PathIndex path) {
  const IpAddress& own_text = network_.config_.nodes.at(network_.config_.self).at(path);
  const IpAddress& peer_text = network_.config_.nodes.at(peer_).at(path);
  const auto own = parse_address(own_text, 0);
  const auto peer = parse_address(peer_text, network_.config_.stream_port);
  if (!own || !peer) return own ? peer.error().message : own.error().message;
  fd_ = Fd(socket(peer->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_) return errno_text(errno);
  set_stream_options(fd_.number());
  if (bind(fd_.number(), own->data(), own->size) != 0) {
    const std::string why = fmt::format("own address {}: {}", own_text, errno_text(errno));
    fd_.reset();
    return why;
  }
  if (connect(fd_.number(), peer->data(), peer->size) != 0 && errno != EINPROGRESS) {
    const std::string why = fmt::format("{}: {}", peer_text, errno_text(errno));
    fd_.reset();
    return why;
  }
  connected_ = false;
  session_ = StreamSession::connecting(network_.identity_, peer_);
  timer_ = network_.loop_.call_at(network_.loop_.now() + connect_patience, [this, peer_text] {
    failed(fmt::format("{}: no answer within {}", peer_text, mainstay::to_text(connect_patience)));
  });
  watch();
  return "";
}

void TcpNetwork::Link::watch() {
  const bool writable = !connected_ || sent_ < unsent_.size();
  network_.loop_.watch(fd_.number(), {.readable = true, .writable = writable},
                       [this](Readiness ready) { on_event(ready); });
}

void TcpNetwork::Link::on_event(Readiness ready) {
  if (!connected_) {
    if (ready.writable) on_connected();
    return;
  }
  if (ready.readable) read();
  if (connected_ && ready.writable) flush();
}

void TcpNetwork::Link::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    return failed(fmt::format("port {}: {}", network_.config_.stream_port, errno_text(error)));
  }
  connected_ = true;
  flush();
}

std::string TcpNetwork::Link::closed_by_peer() const {
  if (state_ == State::ready) return "it closed the connection";
  return "it refused this node; its log says why (another cluster key, name or version?)";
}

void TcpNetwork::Link::read() {
  Bytes buffer(read_size);
  const ssize_t got = recv(fd_.number(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return failed(got == 0 ? closed_by_peer() : errno_text(errno));
  const auto refusal =
      session_->feed(ByteView(buffer).first(static_cast<std::size_t>(got)), [](ByteView) {});
  if (refusal) {
    ++network_.counts_.refused[static_cast<std::size_t>(refusal->reason)];
    return failed(refusal->why);
  }
  if (session_->ready() && state_ != State::ready) {
    network_.loop_.cancel(timer_);
    state_ = State::ready;
    delay_ = reconnect_delay_min;
    problem_.clear();
    ++network_.counts_.connected;
  }
  flush();
}

// Seals what is queued, a bounded piece ahead of what the socket takes.
void TcpNetwork::Link::fill() {
  const Bytes handshake = session_->take_output();
  unsent_.insert(unsent_.end(), handshake.begin(), handshake.end());
  while (state_ == State::ready && !queue_.empty() && unsent_.size() < sealed_ahead_max) {
    session_->frame(queue_.front(), unsent_);
    queue_size_ -= queue_.front().size();
    queue_.pop_front();
  }
}

void TcpNetwork::Link::flush() {
  for (fill(); sent_ < unsent_.size(); fill()) {
    const ssize_t written = ::send(fd_.number(), unsent_.data() + sent_, unsent_.size() - sent_,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) return failed(errno_text(errno));
    sent_ += static_cast<std::size_t>(written);
    if (sent_ < unsent_.size()) continue;
    unsent_.clear();
    sent_ = 0;
  }
  watch();
}

void TcpNetwork::Link::failed(std::string why) {
  problem_ = std::move(why);
  network_.loop_.cancel(timer_);
  const bool was_ready = state_ == State::ready;
  close();
  if (!was_ready) return try_next_path();
  ++network_.counts_.broken;
  state_ = State::idle;
  if (!queue_.empty()) begin_round();
}

void TcpNetwork::Link::pause() {
  state_ = State::pausing;
  ++network_.counts_.rounds_failed;
  network_.counts_.messages_dropped += queue_.size();
  queue_.clear();
  queue_size_ = 0;
  timer_ = network_.loop_.call_at(network_.loop_.now() + delay_, [this] {
    state_ = State::idle;
    if (!queue_.empty()) begin_round();
  });
  delay_ = std::min(2 * delay_, reconnect_delay_max);
}

void TcpNetwork::Link::close() {
  if (fd_) network_.loop_.forget(fd_.number());
  fd_.reset();
  connected_ = false;
  session_.reset();
  unsent_.clear();
  sent_ = 0;
}

TcpNetwork::Incoming::Incoming(TcpNetwork& network, Fd fd)
    : network_(network), fd_(std::move(fd)), session_(StreamSession::accepting(network.identity_)) {
  deadline_ = network_.loop_.call_at(network_.loop_.now() + connect_patience,
                                     [this] { network_.remove(*this); });
  network_.loop_.watch(fd_.number(), {.readable = true},
                       [this](Readiness ready) { on_event(ready); });
}

TcpNetwork::Incoming::~Incoming() {
  network_.loop_.cancel(deadline_);
  network_.loop_.forget(fd_.number());
}

void TcpNetwork::Incoming::on_event(Readiness ready) {
  const auto keep = shared_from_this();
  if (ready.writable && !flush()) return network_.remove(*this);
  if (!ready.readable) return;
  Bytes buffer(read_size);
  for (int i = 0; i < reads_per_turn_max; ++i) {
    const ssize_t got = recv(fd_.number(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || !take(ByteView(buffer).first(static_cast<std::size_t>(got)))) {
      return network_.remove(*this);
    }
  }
}

bool TcpNetwork::Incoming::take(ByteView bytes) {
  const auto refusal = session_.feed(bytes, [this](ByteView message) {
    if (!announced_) {
      announced_ = true;
      network_.became_ready(*this);
    }
    if (network_.on_message_) network_.on_message_(session_.peer(), message);
  });
  if (refusal) {
    ++network_.counts_.refused[static_cast<std::size_t>(refusal->reason)];
    // What it is told already (our hello, say) tells it why, if it is one of us.
    flush();
    return false;
  }
  if (session_.ready()) network_.loop_.cancel(deadline_);
  return flush();
}

// True unless the connection is broken.
bool TcpNetwork::Incoming::flush() {
  const Bytes more = session_.take_output();
  unsent_.insert(unsent_.end(), more.begin(), more.end());
  if (unsent_.empty()) return true;
  const ssize_t written =
      ::send(fd_.number(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (written < 0 && errno != EAGAIN && errno != EINTR) return false;
  if (written > 0) unsent_.erase(unsent_.begin(), unsent_.begin() + written);
  network_.loop_.watch(fd_.number(), {.readable = true, .writable = !unsent_.empty()},
                       [this](Readiness ready) { on_event(ready); });
  return true;
}

}  // namespace mainstay::adapters
