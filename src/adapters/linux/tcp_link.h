// The two ends of control connections that tcp_network.h keeps: Link sends, Incoming receives.
#pragma once

#include "adapters/linux/tcp_network.h"

namespace mainstay::adapters {

// Our connection to one peer, over its whole life of tries, breaks and tries again.
class TcpNetwork::Link {
 public:
  Link(TcpNetwork& network, NodeName peer) : network_(network), peer_(std::move(peer)) {}
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(ByteView message);
  const std::string& problem() const { return problem_; }

 private:
  // idle: nothing to send. trying: one path after the other. pausing: all have failed.
  enum class State { idle, trying, ready, pausing };

  void begin_round();
  void try_next_path();
  std::string start_connecting(PathIndex path);
  void on_event(Readiness ready);
  void on_connected();
  std::string closed_by_peer() const;
  void read();
  void flush();
  void fill();
  void watch();
  void failed(std::string why);
  void pause();
  void close();

  TcpNetwork& network_;
  NodeName peer_;
  State state_ = State::idle;
  std::vector<PathIndex> untried_;
  Fd fd_;
  bool connected_ = false;
  std::optional<StreamSession> session_;
  TimerId timer_ = 0;
  Duration delay_ = reconnect_delay_min;
  std::deque<Bytes> queue_;
  std::size_t queue_size_ = 0;
  Bytes unsent_;  // sealed, partly sent
  std::size_t sent_ = 0;
  std::string problem_;
};

// A connection a peer opened to us.
class TcpNetwork::Incoming : public std::enable_shared_from_this<Incoming> {
 public:
  Incoming(TcpNetwork& network, Fd fd);
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  bool ready() const { return session_.ready(); }
  const NodeName& peer() const { return session_.peer(); }

 private:
  void on_event(Readiness ready);
  bool take(ByteView bytes);
  bool flush();

  TcpNetwork& network_;
  Fd fd_;
  StreamSession session_;
  TimerId deadline_ = 0;
  Bytes unsent_;
  bool announced_ = false;
};

// Options every connection of ours has.
void set_stream_options(int fd);

}  // namespace mainstay::adapters
