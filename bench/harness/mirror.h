// One node's half of a mirror, with files for partitions, driven from outside: what prepares it,
// the running program, and its control socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "harness/process.h"

namespace mainstay::bench {

struct MirrorSetup {
  std::string program;  // mainstay-mirrord
  std::string folder;   // of this run
  std::uint64_t size = 64ULL * 1024 * 1024;
  std::uint16_t port = 0;
  bool record = false;
  bool encrypt = true;
};

// A connection to the control socket. Lines are JSON (docs/mirror.md).
class MirrorControl {
 public:
  static Result<MirrorControl> connect(const std::string& path);
  MirrorControl(MirrorControl&& other) noexcept;
  MirrorControl& operator=(MirrorControl&& other) noexcept;
  ~MirrorControl();

  Status send(const std::string& line);
  // The next line. timed_out: none came; unavailable: the other side has ended it.
  Result<std::string> receive(Duration patience);
  Result<std::string> ask(const std::string& line, Duration patience);

 private:
  explicit MirrorControl(int socket) : socket_(socket) {}
  int socket_ = -1;
  std::string rest_;
};

class MirrorNode {
 public:
  // Makes the files and the configuration. `copy`: 0 or 1; 2 is one of its own whose peer never
  // comes.
  static Result<MirrorNode> make(const MirrorSetup& setup, int copy);

  // The answer of `mainstay-mirrord create`.
  Result<std::string> prepare(const std::string& as);
  Status start();
  // Its exit code.
  int stop();
  // Of the whole node: supervisor and engine, without a farewell.
  void kill();
  // Of the engine alone; another one takes over.
  Status kill_engine();
  bool running();

  Result<MirrorControl> control() const;
  Status promote(std::uint64_t term);
  Status demote();
  // A line of the control socket; its answer must say that it was done.
  Status order(const std::string& line) const;
  // A field of the status, as text: "role", "peer.state", "engine_restarts".
  Result<std::string> field(const std::string& path) const;
  // Until the field says so; what it said last, if it does not in time.
  Status wait_for(const std::string& path, const std::string& value, Duration patience) const;

  const std::string& data() const { return data_; }
  const std::string& device() const { return device_; }
  const std::string& socket() const { return socket_; }
  const std::string& log() const { return log_; }
  int pid() const { return process_ ? process_->pid() : -1; }

 private:
  MirrorNode() = default;

  std::string program_, config_, data_, device_, socket_, log_;
  std::optional<Background> process_;
};

// Of zeroes that were written, so that no measurement pays for the file's growth.
Status make_file(const std::string& path, std::uint64_t size);
// On loopback; nobody listens there now.
Result<std::uint16_t> free_port();
// The child of that process that is an engine; unavailable: there is none now.
Result<int> engine_of(int supervisor);

}  // namespace mainstay::bench
