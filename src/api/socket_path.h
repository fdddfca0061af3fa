// The place of the API's Unix socket: made free before we bind it.
#pragma once

#include <string>

#include "base/result.h"

namespace mainstay::api {

// The kernel's limit for the path of a Unix socket, without the final zero.
inline constexpr std::size_t socket_path_size_max = 107;

Status check_socket_path(const std::string& path);

// Whether somebody listens there. ok: yes. not_found: nothing is there. unavailable: a socket is
// there, but nobody listens. denied: we may not. invalid: too long, or it is not a socket.
Status probe_socket(const std::string& path);

// Removes a socket nobody listens on, and makes the directory (0755) if it is not there. conflict:
// somebody listens.
Status clear_socket_path(const std::string& path);

}  // namespace mainstay::api
