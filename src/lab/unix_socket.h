// Unix sockets with descriptors in their messages, at paths of any length.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/files.h"

namespace mainstay::lab {

inline constexpr std::size_t message_max = 192 * 1024;
inline constexpr std::size_t descriptors_max = 3;

struct SocketMessage {
  std::string bytes;
  std::vector<Fd> descriptors = {};
};

// SOCK_SEQPACKET: a message arrives whole or not at all. The directory must exist; an old socket is
// replaced.
Result<Fd> listen_at(const std::string& directory, const std::string& name);
Result<Fd> connect_to(const std::string& directory, const std::string& name);
Status send_message(const Fd& socket, std::string_view bytes,
                    const std::vector<int>& descriptors = {});
// An empty message of no bytes means that the other side is gone. timed_out if nothing came in
// time.
Result<SocketMessage> receive_message(const Fd& socket, Duration patience);

}  // namespace mainstay::lab
