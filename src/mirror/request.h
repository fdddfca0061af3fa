// The words that front end, core, devices and peer share. Payload never passes through the core: it
// stays where it is, and the core names it.
#pragma once

#include <array>
#include <cstdint>

#include "mirror/geometry.h"
#include "mirror/slab.h"

namespace mainstay::mirror {

using RequestId = std::uint64_t;  // the front end's
using BufferId = std::uint64_t;   // the engine's
using Ticket = std::uint64_t;     // the core's, for an action that has an answer

// The engine keeps a buffer of one region for each step of a resync that may be under way: buffers
// 1 to resync_window. All others are named by the engine from here on.
inline constexpr BufferId first_free_buffer = 1024;

// Of what a range of the data device holds; two that differ are never found equal but by a chance
// that nobody lives to see.
using Checksum = std::array<std::uint64_t, 2>;

enum class Operation : std::uint8_t {
  read,
  write,
  zero,  // write zeroes, or trim: reads as zeroes afterwards
  flush,
};

}  // namespace mainstay::mirror
