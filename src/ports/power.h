// Stopping for certain: ourselves, and a peer.
#pragma once

#include "base/name.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

enum class HaltKind { stop_service, shut_down, reboot, reset };

class Power {
 public:
  virtual ~Power() = default;

  // The watchdog fires (and resets this node) unless it is armed anew before `deadline`. `never`
  // disarms it.
  virtual void arm_watchdog(Instant deadline) = 0;
  // Ends this node. Does not come back on a real machine; in sim and lab it ends the instance only.
  virtual void halt(HaltKind kind) = 0;
  // Forced stop of a peer, confirmed: done means it was read as stopped after our request was
  // accepted. denied, unavailable, timed_out: it may still be running.
  virtual Task<Status> fence(NodeName peer, Call call) = 0;
};

}  // namespace mainstay
