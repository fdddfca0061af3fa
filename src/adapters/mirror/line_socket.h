// One end of a Unix stream connection that carries lines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/linux/loop.h"
#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::adapters {

// Bytes that wait to be sent; a peer that lets more gather does not read.
inline constexpr std::size_t unsent_max = 1024 * 1024;

class LineSocket {
 public:
  struct Handler {
    std::function<void(std::string_view line)> on_line;
    std::function<void(const std::string& why)> on_end;  // once; nothing comes after it
  };

  // unavailable: nobody listens there. denied: we may not.
  static Result<std::unique_ptr<LineSocket>> connect(Loop& loop, const std::string& path,
                                                     Handler handler);
  // Of a connection that was accepted.
  LineSocket(Loop& loop, Fd fd, Handler handler);
  ~LineSocket();
  LineSocket(const LineSocket&) = delete;
  LineSocket& operator=(const LineSocket&) = delete;

  // Adds the line's end. Too much that is not read ends the connection. Both callbacks may destroy
  // this.
  void send(std::string_view line);

 private:
  void on_ready(Readiness ready);
  void read();
  void flush();
  void watch();
  void end(const std::string& why);

  Loop& loop_;
  Fd fd_;
  Handler handler_;
  std::string received_;
  std::string unsent_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mainstay::adapters
