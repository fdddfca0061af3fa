// The Mirror port: asks the engines of this node, each at its own control socket.
#pragma once

#include <string>

#include "adapters/linux/loop.h"
#include "ports/mirror.h"

namespace mainstay::adapters {

// Where the engine of a mirror listens.
std::string control_socket(const std::string& directory, const std::string& mirror);

class MirrorClient : public Mirror {
 public:
  // `directory`: where the sockets are.
  MirrorClient(Loop& loop, std::string directory) : loop_(loop), directory_(std::move(directory)) {}

  Task<Status> promote(std::string mirror, std::uint64_t term, Call call) override;
  Task<Status> demote(std::string mirror, Demotion how, Call call) override;
  Task<Result<MirrorStatus>> status(std::string mirror, Call call) override;
  Task<Status> order(std::string mirror, MirrorOrder order, Call call) override;

 private:
  // A line for a line, over a connection of its own. `lost`: what it means that none came.
  Task<Result<std::string>> ask(std::string mirror, std::string request, Code lost, Call call);
  Task<Status> command(std::string mirror, std::string request, Call call);

  Loop& loop_;
  std::string directory_;
};

}  // namespace mainstay::adapters
