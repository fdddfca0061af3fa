// Answers an engine's questions about the arbiter's record of its mirror, over one connection for
// as long as it lasts.
//
// An answer goes back on the connection that its question came over, or nowhere: an engine that was
// restarted counts its questions anew.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "adapters/linux/loop.h"
#include "adapters/mirror/line_socket.h"
#include "base/task.h"
#include "ports/arbiter.h"

namespace mainstay::adapters {

// Questions of one engine that are not answered yet; it asks one at a time.
inline constexpr std::size_t record_questions_max = 16;
inline constexpr Duration record_answer_max = 10s;

class RecordServer {
 public:
  // `key`: of the record, "mirror/md1". `on_end` is called once, when the engine is gone.
  static Result<std::unique_ptr<RecordServer>> connect(Loop& loop, Arbiter& arbiter,
                                                       const std::string& socket, std::string key,
                                                       std::function<void()> on_end);
  ~RecordServer();

 private:
  RecordServer(Loop& loop, Arbiter& arbiter, std::string key)
      : loop_(loop), arbiter_(arbiter), key_(std::move(key)) {}
  void on_line(std::string_view line);
  Task<void> read(std::uint64_t number, Call call);
  Task<void> swap(std::uint64_t number, RecordVersion expected, Bytes value, Call call);

  Loop& loop_;
  Arbiter& arbiter_;
  std::string key_;
  std::unique_ptr<LineSocket> socket_;
  std::list<Task<void>> under_way_;
  Cancellation lifetime_;
};

}  // namespace mainstay::adapters
