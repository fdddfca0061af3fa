#include "api/socket_path.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace mainstay::api {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

struct ProbeSocket {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ProbeSocket() = default;
  ProbeSocket(const ProbeSocket&) = delete;
  ProbeSocket& operator=(const ProbeSocket&) = delete;
  ~ProbeSocket() {
    if (fd >= 0) close(fd);
  }
};

Error probe_error(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {Code::not_found, fmt::format("there is no socket at {}", path)};
    case ECONNREFUSED:
      return {Code::unavailable, fmt::format("nobody listens at {}", path)};
    case EACCES:
    case EPERM:
      return {Code::denied, fmt::format("no permission to use the socket {}", path)};
    case ENOTSOCK:
    case EPROTOTYPE:
      return {Code::invalid, fmt::format("{} is not a stream socket", path)};
    default:
      return {Code::unavailable, fmt::format("the socket {}: {}", path, reason(error))};
  }
}

}  // namespace

Status check_socket_path(const std::string& path) {
  if (path.empty()) return failure(Code::invalid, "the path of the API socket is empty");
  if (path.size() > socket_path_size_max) {
    return failure(Code::invalid,
                   fmt::format("the socket path {} has {} bytes; the system allows {}. Choose a "
                               "shorter one with --socket",
                               path, path.size(), socket_path_size_max));
  }
  return {};
}

Status probe_socket(const std::string& path) {
  if (const auto fits = check_socket_path(path); !fits) return fits;
  const ProbeSocket probe;
  if (probe.fd < 0) return failure(Code::unavailable, "a socket: " + reason(errno));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(probe.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return {};
  }
  // A plain file refuses too; only a socket that refuses is one nobody listens on.
  const int error = errno;
  std::error_code ignored;
  if (error == ECONNREFUSED && !std::filesystem::is_socket(path, ignored)) {
    return std::unexpected(probe_error(path, ENOTSOCK));
  }
  return std::unexpected(probe_error(path, error));
}

Status clear_socket_path(const std::string& path) {
  const auto probed = probe_socket(path);
  if (probed) {
    return failure(Code::conflict,
                   fmt::format("another daemon already listens at {}. Stop it first, or choose "
                               "another path with --socket",
                               path));
  }
  std::error_code error;
  if (probed.error().code == Code::unavailable) {
    std::filesystem::remove(path, error);
  } else if (probed.error().code == Code::not_found) {
    const auto directory = std::filesystem::path(path).parent_path();
    if (!directory.empty()) std::filesystem::create_directories(directory, error);
  } else {
    return probed;
  }
  if (error) return failure(Code::denied, fmt::format("{}: {}", path, error.message()));
  return {};
}

}  // namespace mainstay::api
