// Running a task on a PollLoop until it is done, for tests and one-shot commands.
#pragma once

#include "adapters/http/poll_loop.h"
#include "base/task.h"

namespace mainstay {

template <class T>
T run(PollLoop& loop, Task<T> task) {
  task.start();
  loop.run_until([&] { return task.done(); });
  return task.take();
}

}  // namespace mainstay
