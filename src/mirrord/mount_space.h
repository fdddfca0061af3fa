// Keeping out of the way of file systems that are mounted from our own device.
#pragma once

#include "base/result.h"

namespace mainstay::mirrord {

// A mount namespace of our own, in which what others mount from now on does not stay mounted. Who
// is the last to leave a namespace unmounts what is left in it, and cannot end before that is done:
// were it the engine, the file system would wait for the engine's answers, for ever.
Status leave_mount_space();

}  // namespace mainstay::mirrord
