// What programs print.
#include "adapters/linux/output_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "adapters/linux/errno_text.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t read_size = 16 * 1024;
// One wake-up reads at most this much of one pipe.
constexpr std::size_t read_per_turn_max = 4 * read_size;
// What a pipe can hold at the end of its program, unless others go on writing into it.
constexpr std::size_t drain_max = 1024 * 1024;

// How much of the text still goes into a file of that size: whole lines. An empty one takes a line
// that is longer than all.
std::size_t fitting(std::string_view text, std::size_t size, std::size_t size_max) {
  const std::size_t room = size_max > size ? size_max - size : 0;
  if (text.size() <= room) return text.size();
  const std::size_t end = room == 0 ? std::string_view::npos : text.rfind('\n', room - 1);
  if (end != std::string_view::npos) return end + 1;
  if (size > 0) return 0;
  return std::min(text.find('\n', room), text.size() - 1) + 1;
}

}  // namespace

void LastLine::add(std::string_view text) {
  for (const char each : text) {
    if (each == '\n') {
      if (current_.find_first_not_of(" \t\r") != std::string::npos) line_.swap(current_);
      current_.clear();
    } else if (current_.size() < last_line_max && each != '\r') {
      current_ += each;
    }
  }
}

std::string LastLine::value() const {
  return current_.find_first_not_of(" \t\r") == std::string::npos ? line_ : current_;
}

Status append_rotated(const std::filesystem::path& file, std::size_t size_max,
                      std::string_view text) {
  while (true) {
    const Fd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640));
    if (!fd) return errno_failure(errno, file.string());
    struct stat facts{};
    if (fstat(fd.number(), &facts) != 0) return errno_failure(errno, file.string());
    const auto size = static_cast<std::size_t>(facts.st_size);
    const std::size_t fits = S_ISREG(facts.st_mode) ? fitting(text, size, size_max) : text.size();
    for (std::string_view part = text.substr(0, fits); !part.empty();) {
      const ssize_t written = write(fd.number(), part.data(), part.size());
      if (written < 0) return errno_failure(errno, file.string());
      part.remove_prefix(static_cast<std::size_t>(written));
    }
    text.remove_prefix(fits);
    if (text.empty()) return {};
    const std::string old = file.string() + ".1";
    if (rename(file.c_str(), old.c_str()) != 0) return errno_failure(errno, old);
  }
}

OutputPipe::OutputPipe(Loop& loop, Worker& worker, Target target, Fd read_end, Tell tell)
    : loop_(loop),
      worker_(worker),
      target_(std::move(target)),
      fd_(std::move(read_end)),
      tell_(std::move(tell)) {}

OutputPipe::~OutputPipe() {
  if (watching_) loop_.forget(fd_.number());
}

void OutputPipe::start() {
  self_ = shared_from_this();
  watch();
}

void OutputPipe::watch() {
  if (watching_ || !fd_) return;
  watching_ = true;
  loop_.watch(fd_.number(), {.readable = true}, [this](Readiness) { read_some(); });
}

std::size_t OutputPipe::read_some() {
  const auto keep = shared_from_this();
  std::string text;
  std::array<char, read_size> block;
  while (fd_ && text.size() < read_per_turn_max) {
    const ssize_t got = read(fd_.number(), block.data(), block.size());
    if (got < 0) break;  // Nothing now.
    if (got == 0) {
      close();
      break;
    }
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  last_line_.add(text);
  const std::size_t size = text.size();
  if (!text.empty() && !target_.file.empty()) write_out(std::move(text));
  return size;
}

void OutputPipe::drain() {
  std::size_t taken = 0;
  std::size_t got = 0;
  while (taken < drain_max && (got = read_some()) > 0) taken += got;
}

void OutputPipe::write_out(std::string text) {
  const std::size_t size = text.size();
  unwritten_ += size;
  if (unwritten_ > output_unwritten_max && watching_) {
    loop_.forget(fd_.number());
    watching_ = false;
  }
  // A log that cannot be written must not stop the program that writes it.
  const bool taken = worker_.submit<Status>(
      [target = target_, text = std::move(text)] {
        return append_rotated(target.file, target.size_max, text);
      },
      [this, keep = shared_from_this(), size](Status written) {
        if (!written) complain(written.error().message);
        unwritten_ -= size;
        if (unwritten_ <= output_unwritten_max && self_) watch();
      });
  if (taken) return;
  unwritten_ -= size;
  complain(target_.file + ": the disk does not keep up, output is lost");
}

void OutputPipe::complain(const std::string& problem) {
  if (const Tell tell = std::exchange(tell_, nullptr)) tell(problem);
}

void OutputPipe::close() {
  if (std::exchange(watching_, false)) loop_.forget(fd_.number());
  fd_.reset();
  self_.reset();
}

}  // namespace mainstay::adapters
