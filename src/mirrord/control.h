// The control socket: who is connected, what they ask, and which of them serves the arbiter's
// record. What it all means is the engine's business.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "mirrord/control_message.h"
#include "mirrord/ring.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

inline constexpr std::size_t clients_max = 32;
// A client that does not read its answers is dropped at this much.
inline constexpr std::size_t unread_bytes_max = 1024 * 1024;

class Control {
 public:
  using ClientId = std::uint64_t;
  struct Events {
    std::function<void(ClientId client, const control::Order& order)> order;
    // Of the question with this ticket; nothing: it will not be answered any more.
    std::function<void(mirror::Ticket ticket, const control::RecordAnswer* answer)> record;
  };
  Control(Ring& ring, Fd listener, Events events);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // A client that is gone is told nothing.
  void answer(ClientId client, const std::string& line);
  void serve_record(ClientId client) { record_server_ = client; }

  // False: nobody serves the record.
  bool ask_read(mirror::Ticket ticket);
  bool ask_swap(const mirror::SwapRecord& swap);

 private:
  struct Client {
    Fd socket;
    Ring::WatchId reading = 0;
    Ring::WatchId writing = 0;
    std::string in, out;
    std::map<std::uint64_t, mirror::Ticket> questions;
  };
  void accept();
  void on_readable(ClientId id);
  bool take_line(ClientId id, const std::string& line);
  bool take_answer(ClientId id, const control::RecordAnswer& answer);
  void flush(ClientId id);
  void remove(ClientId id);
  Client* record_server();

  Ring& ring_;
  Fd listener_;
  Events events_;
  Ring::WatchId watch_ = 0;
  std::map<ClientId, Client> clients_;
  ClientId last_client_ = 0;
  ClientId record_server_ = 0;
  std::uint64_t last_question_ = 0;
};

}  // namespace mainstay::mirrord
