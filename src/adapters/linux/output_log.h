// What programs print: read from their pipes by the loop, appended to a rotated file by a worker.
//
// The child's end of each pipe is open for reading, too: so it neither meets a broken pipe nor an
// end when this daemon is restarted, and a successor can open the pipe anew (Process adopts it).
// Memory is bounded: while a file does not keep up, the pipe is not read, and the program waits.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::adapters {

// Read but not yet written, per pipe.
inline constexpr std::size_t output_unwritten_max = 256 * 1024;
// Of the last line, what is remembered.
inline constexpr std::size_t last_line_max = 500;

// Finds the last line that is not blank in text that comes in pieces.
class LastLine {
 public:
  void add(std::string_view text);
  // With the line that has begun, if it is not blank.
  std::string value() const;

 private:
  std::string line_;     // complete
  std::string current_;  // begun
};

// Appends whole lines as long as they fit, then renames the file to "<file>.1" and goes on in a new
// one. Only a line that is longer than the limit makes a file longer than it.
Status append_rotated(const std::filesystem::path& file, std::size_t size_max,
                      std::string_view text);

class OutputPipe : public std::enable_shared_from_this<OutputPipe> {
 public:
  struct Target {
    std::string file;  // "" drops the output
    std::size_t size_max = 0;
  };

  // Told, at most once per pipe, why the file cannot be written; the program runs on without a log.
  using Tell = std::function<void(const std::string& problem)>;

  OutputPipe(Loop& loop, Worker& worker, Target target, Fd read_end, Tell tell);
  ~OutputPipe();

  // Keeps itself alive until every holder of the other end has closed it.
  void start();
  // Takes what is in the pipe now, whoever still holds it: the program has ended.
  void drain();
  // Reads no more; what was read is still written.
  void close();
  std::string last_line() const { return last_line_.value(); }

 private:
  std::size_t read_some();
  void write_out(std::string text);
  void complain(const std::string& problem);
  void watch();

  Loop& loop_;
  Worker& worker_;
  Target target_;
  Fd fd_;
  Tell tell_;
  LastLine last_line_;
  std::size_t unwritten_ = 0;
  bool watching_ = false;
  std::shared_ptr<OutputPipe> self_;
};

}  // namespace mainstay::adapters
