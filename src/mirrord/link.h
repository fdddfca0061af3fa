// The connection to the peer: one at a time, over the best path there is.
//
// The first copy dials, the second one listens. Both prove with the cluster's key who they are, as
// the streams between the daemons do; what follows is sealed (frame.h). A connection on which
// nothing is heard for a while is given up. Whoever dials goes back to a better path when that
// answers again: the new connection then takes the place of the old one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/linux/address.h"
#include "adapters/linux/stream.h"
#include "mirrord/buffers.h"
#include "mirrord/frame.h"
#include "mirrord/ring.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

inline constexpr Duration sign_of_life_every = 1s;
inline constexpr Duration silence_max = 5s;
inline constexpr Duration handshake_max = 3s;
// Nothing more is sent to a peer that has not taken this much; the connection is given up.
inline constexpr std::size_t send_queue_max = 64 * 1024 * 1024;
// Connections that have not proved who they are.
inline constexpr std::size_t guests_max = 4;

struct LinkSettings {
  adapters::StreamIdentity identity;
  NodeName peer;
  bool dials = false;
  std::vector<adapters::SocketAddress> listen;
  std::vector<adapters::SocketAddress> peers;  // by priority
  std::vector<std::string> peer_texts;         // the same, for people
  PayloadForm form = PayloadForm::sealed;
  Duration better_path_every = 10s;  // how often one is looked for
};

class Connection;

class Link {
 public:
  struct Events {
    std::function<void()> up;
    std::function<void(std::string why)> down;
    // A write's buffer is the receiver's, to be released.
    std::function<void(mirror::Message message)> received;
    std::function<void(std::string text)> note;
  };
  Link(Ring& ring, Buffers& buffers, LinkSettings settings, Events events);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // unavailable: an address to listen at cannot be had.
  Status start();
  // Goes out with the next flush(). The buffer is held until it has.
  void send(const mirror::Message& message);
  void flush();
  void drop(const std::string& why);
  // Broken off: there is no connection until connect().
  void break_off();
  void connect();

  // To be called when its time has come, and when a buffer was released.
  void tick(Instant now);
  Instant next_deadline() const;
  void resume();

  bool up() const { return current_ != nullptr; }
  bool broken_off() const { return broken_off_; }
  // "10.0.2.10:7401", or empty.
  std::string path() const;

 private:
  void accept_from(int listener);
  void dial(std::size_t path);
  void dial_due(Instant now);
  void on_ready(Connection* connection);
  void on_ended(Connection* connection, const std::string& why);
  void add_guest(std::unique_ptr<Connection> guest);
  std::unique_ptr<Connection> remove_guest(Connection* guest);
  void retire(std::unique_ptr<Connection> connection);

  Ring& ring_;
  Buffers& buffers_;
  LinkSettings settings_;
  Events events_;
  struct Listener {
    Fd file;
    Ring::WatchId watch = 0;
  };
  std::vector<Listener> listeners_;
  std::unique_ptr<Connection> current_;
  std::vector<std::unique_ptr<Connection>> guests_;
  // Kept until the turn is over: one of them may be what is just calling.
  std::vector<std::unique_ptr<Connection>> retired_;
  bool broken_off_ = false;
  std::size_t next_path_ = 0;
  Duration back_off_{};
  std::string complaint_;
  Instant dial_at_ = never;
  Instant life_at_{};
};

}  // namespace mainstay::mirrord
