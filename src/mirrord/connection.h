// One TCP connection between two engines: comes up, proves who is there, carries frames.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "adapters/linux/address.h"
#include "adapters/linux/stream.h"
#include "mirrord/buffers.h"
#include "mirrord/frame.h"
#include "mirrord/ring.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

class Connection {
 public:
  // Called from within the ring's turn; none after close().
  struct Events {
    std::function<void(Connection*)> ready;
    std::function<void(Connection*, std::string why)> ended;
    std::function<void(Connection*, mirror::Message)> received;
  };
  struct World {
    Ring& ring;
    Buffers& buffers;
    PayloadForm form = PayloadForm::sealed;
    Events events;
  };
  // `path`: the place of the address in the configured list.
  static Result<std::unique_ptr<Connection>> dial(World world, adapters::StreamSession session,
                                                  const adapters::SocketAddress& address,
                                                  std::size_t path);
  static std::unique_ptr<Connection> accepted(World world, adapters::StreamSession session,
                                              Fd socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const mirror::Message& message, ByteView payload, mirror::BufferId buffer);
  void send_sign_of_life();
  // Hands the kernel what it takes now; the rest follows when it takes more.
  void flush();
  void resume();
  void close();

  bool ready() const { return writer_.has_value(); }
  bool closed() const { return !socket_; }
  std::size_t path() const { return path_; }
  Instant since() const { return since_; }
  Instant heard() const { return heard_; }
  std::size_t queued_bytes() const { return queued_bytes_; }

 private:
  // Whole frames; and a payload that is sent from where it is, if the last one has one.
  struct Piece {
    Bytes bytes;
    ByteView payload;
    mirror::BufferId buffer = 0;
  };
  Connection(World world, adapters::StreamSession session, Fd socket, std::size_t path);
  // Where the next frame goes.
  Piece& open_piece();
  void watch_reading();
  void watch_writing();
  void on_writable();
  void on_readable();
  void shake_hands();
  void begin_frames();
  bool take_frames();
  void sent(std::size_t bytes);
  void fail(std::string why);

  World world_;
  adapters::StreamSession session_;
  Fd socket_;
  std::size_t path_ = 0;
  bool connected_ = false;
  Ring::WatchId reading_ = 0;
  Ring::WatchId writing_ = 0;
  std::optional<FrameWriter> writer_;
  std::optional<FrameReader> reader_;
  std::deque<Piece> queue_;
  Bytes spare_;  // its memory
  std::size_t sent_of_first_ = 0;
  std::size_t queued_bytes_ = 0;
  Instant since_{};
  Instant heard_{};
};

}  // namespace mainstay::mirrord
