#include "mirrord/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t pieces_per_call = 64;
// Frames are put together up to here, and sent in one go.
constexpr std::size_t piece_size = 128 * 1024;
// So that one busy peer does not keep the disks waiting.
constexpr int reads_per_turn = 16;
constexpr std::size_t hello_max = 512;

void set(int socket, int level, int option, int value) {
  // Each of them is an improvement, none a condition.
  static_cast<void>(setsockopt(socket, level, option, &value, sizeof value));
}

}  // namespace

Connection::Connection(World world, adapters::StreamSession session, Fd socket, std::size_t path)
    : world_(std::move(world)),
      session_(std::move(session)),
      socket_(std::move(socket)),
      path_(path),
      since_(Ring::now()),
      heard_(since_) {
  set(socket_.number(), IPPROTO_TCP, TCP_NODELAY, 1);
}

Connection::~Connection() { close(); }

Result<std::unique_ptr<Connection>> Connection::dial(World world, adapters::StreamSession session,
                                                     const adapters::SocketAddress& address,
                                                     std::size_t path) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return adapters::errno_failure(errno, "a socket to the peer");
  if (::connect(socket.number(), address.data(), address.size) != 0 && errno != EINPROGRESS) {
    return adapters::errno_failure(errno, adapters::to_text(address));
  }
  auto connection = std::unique_ptr<Connection>(
      new Connection(std::move(world), std::move(session), std::move(socket), path));
  connection->watch_writing();
  return connection;
}

std::unique_ptr<Connection> Connection::accepted(World world, adapters::StreamSession session,
                                                 Fd socket) {
  auto connection = std::unique_ptr<Connection>(
      new Connection(std::move(world), std::move(session), std::move(socket), 0));
  connection->connected_ = true;
  connection->watch_reading();
  return connection;
}

void Connection::close() {
  if (closed()) return;
  world_.ring.forget(std::exchange(reading_, 0));
  world_.ring.forget(std::exchange(writing_, 0));
  // A watch that is just being given up keeps the socket open for a moment.
  static_cast<void>(shutdown(socket_.number(), SHUT_RDWR));
  socket_.reset();
  for (const Piece& piece : std::exchange(queue_, {})) world_.buffers.release(piece.buffer);
  queued_bytes_ = 0;
  if (reader_ && reader_->unfinished()) world_.buffers.release(*reader_->unfinished());
  reader_.reset();
}

void Connection::fail(std::string why) {
  if (closed()) return;
  close();
  world_.events.ended(this, std::move(why));
}

void Connection::watch_reading() {
  if (reading_ != 0) return;
  reading_ = world_.ring.watch(socket_.number(), Ring::Readiness::readable, [this] {
    if (ready()) return on_readable();
    shake_hands();
  });
}

void Connection::watch_writing() {
  if (writing_ != 0) return;
  writing_ = world_.ring.watch(socket_.number(), Ring::Readiness::writable, [this] {
    world_.ring.forget(std::exchange(writing_, 0));
    on_writable();
  });
}

void Connection::on_writable() {
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(adapters::errno_text(error));
    connected_ = true;
    watch_reading();
    queue_.push_back({.bytes = session_.take_output()});
    queued_bytes_ += queue_.back().bytes.size();
  }
  flush();
}

// Byte by byte, for what follows the last one is not the handshake's any more.
void Connection::shake_hands() {
  std::array<std::uint8_t, hello_max> bytes{};
  const ssize_t peeked = recv(socket_.number(), bytes.data(), bytes.size(), MSG_PEEK);
  if (peeked == 0) return fail("the other side ended it");
  if (peeked < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return fail(adapters::errno_text(errno));
  }
  std::size_t used = 0;
  while (used < static_cast<std::size_t>(peeked) && !session_.ready()) {
    const auto refusal = session_.feed(ByteView(bytes).subspan(used++, 1), [](ByteView) {});
    if (refusal) return fail(refusal->why);
  }
  static_cast<void>(recv(socket_.number(), bytes.data(), used, 0));
  if (Bytes output = session_.take_output(); !output.empty()) {
    queued_bytes_ += output.size();
    queue_.push_back({.bytes = std::move(output)});
    flush();
  }
  if (!closed() && session_.ready()) begin_frames();
}

void Connection::begin_frames() {
  const auto keys = session_.keys("mainstay mirror v2");
  writer_.emplace(keys.send, world_.form);
  reader_.emplace(
      keys.receive, world_.form,
      FrameReader::Memory{
          [this](std::size_t size) { return world_.buffers.take(Buffers::Owner::peer, size); },
          [this](mirror::BufferId buffer) { return world_.buffers.at(buffer); }});
  heard_ = Ring::now();
  world_.events.ready(this);
}

bool Connection::take_frames() {
  while (!closed()) {
    auto message = reader_->next();
    if (!message) {
      fail(message.error().message);
      return false;
    }
    if (!*message) return !reader_->stalled();
    world_.events.received(this, std::move(**message));
  }
  return false;
}

void Connection::on_readable() {
  heard_ = Ring::now();
  for (int reads = 0; reads < reads_per_turn; ++reads) {
    const auto room = reader_->room();
    const ssize_t received = recv(socket_.number(), room.data(), room.size(), 0);
    if (received == 0) return fail("the other side ended it");
    if (received < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return fail(adapters::errno_text(errno));
    }
    reader_->filled(static_cast<std::size_t>(received));
    if (!take_frames()) {
      // Until a buffer is free.
      if (!closed()) world_.ring.forget(std::exchange(reading_, 0));
      return;
    }
    if (static_cast<std::size_t>(received) < room.size()) return;
  }
}

void Connection::resume() {
  if (closed() || !reader_ || !reader_->stalled()) return;
  if (take_frames()) watch_reading();
}

void Connection::send(const mirror::Message& message, ByteView payload, mirror::BufferId buffer) {
  if (closed()) return;
  Piece& piece = open_piece();
  const std::size_t before = piece.bytes.size();
  piece.payload = writer_->append(message, payload, piece.bytes);
  if (!piece.payload.empty()) {
    piece.buffer = buffer;
    world_.buffers.hold(buffer);
  }
  queued_bytes_ += piece.bytes.size() - before + piece.payload.size();
}

void Connection::send_sign_of_life() {
  if (closed()) return;
  Piece& piece = open_piece();
  const std::size_t before = piece.bytes.size();
  FrameWriter::append_sign_of_life(piece.bytes);
  queued_bytes_ += piece.bytes.size() - before;
}

Connection::Piece& Connection::open_piece() {
  const bool open =
      !queue_.empty() && queue_.back().payload.empty() && queue_.back().bytes.size() < piece_size;
  if (!open) queue_.push_back({.bytes = std::exchange(spare_, {})});
  return queue_.back();
}

void Connection::flush() {
  while (!closed() && connected_ && !queue_.empty() && writing_ == 0) {
    std::array<iovec, 2 * pieces_per_call> parts{};
    std::size_t count = 0;
    std::size_t skip = sent_of_first_;
    const auto add = [&](ByteView bytes) {
      const std::size_t skipped = std::min(skip, bytes.size());
      skip -= skipped;
      if (skipped == bytes.size()) return;
      parts[count++] = {.iov_base = const_cast<std::uint8_t*>(bytes.data()) + skipped,
                        .iov_len = bytes.size() - skipped};
    };
    for (std::size_t i = 0; i < std::min(queue_.size(), pieces_per_call); ++i) {
      add(queue_[i].bytes);
      add(queue_[i].payload);
    }
    const msghdr header{.msg_iov = parts.data(), .msg_iovlen = count};
    const ssize_t taken = sendmsg(socket_.number(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0) {
      if (errno == EAGAIN) return watch_writing();
      if (errno == EINTR) continue;
      return fail(adapters::errno_text(errno));
    }
    sent(static_cast<std::size_t>(taken));
  }
}

void Connection::sent(std::size_t bytes) {
  queued_bytes_ -= bytes;
  sent_of_first_ += bytes;
  while (!queue_.empty()) {
    Piece& first = queue_.front();
    const std::size_t size = first.bytes.size() + first.payload.size();
    if (sent_of_first_ < size) return;
    sent_of_first_ -= size;
    world_.buffers.release(first.buffer);
    spare_ = std::move(first.bytes);
    spare_.clear();
    queue_.pop_front();
  }
}

}  // namespace mainstay::mirrord
