// What turns a kernel's block requests into the core's, and the core's answers into the kernel's.
#pragma once

#include <functional>

#include "mirror/event.h"

namespace mainstay::mirrord {

class FrontEnd {
 public:
  // Takes a request in: its buffer is held until `answer` has returned.
  using Ask = std::function<void(const mirror::RequestArrived& request)>;

  virtual ~FrontEnd() = default;
  virtual void answer(mirror::RequestId request, bool ok) = 0;
  // What is asked may reach that far from now on.
  virtual void resized(std::uint64_t bytes) = 0;
  // A buffer was released: go on reading if it was for want of one that it stopped.
  virtual void resume() = 0;
  // Requests that were read and are not answered.
  virtual std::size_t queue_depth() const = 0;
};

}  // namespace mainstay::mirrord
