// What supervisor and engine say to each other, over a socket that keeps messages whole and can
// carry descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

struct SupervisorMessage {
  enum class Kind : std::uint8_t {
    // ---- To the engine.
    begin,     // number: the term to be promoted at again; text: the device;
               // files: control, lasting memory, fuse
    fuse,      // files: fuse, mounted; the device follows
    provided,  // text: the device; or what went wrong
    removed,   // or what stood against it
    resized,   // number: bytes that the device has now; or what went wrong
    stop,
    // ---- To the supervisor.
    provide,   // number: bytes
    remove,    // number 1: by force
    promoted,  // number: the term; 0: not any more
    resize,    // the device's file has another size
  };
  Kind kind = Kind::begin;
  std::uint64_t number = 0;
  std::uint64_t restarts = 0;
  std::optional<Code> error;
  std::string text;
  std::vector<Fd> files;
};

inline constexpr std::size_t supervisor_text_max = 4096;
inline constexpr std::size_t supervisor_files_max = 3;

// unavailable: the other side is gone.
Status send_message(int socket, const SupervisorMessage& message);
// Nothing: there is none now. unavailable: the other side is gone.
Result<std::optional<SupervisorMessage>> receive_message(int socket);

}  // namespace mainstay::mirrord
