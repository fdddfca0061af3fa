// One thread, one poll over all requests in flight.
#include "lab/probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lab/analysis.h"
#include "lab/endpoint.h"
#include "lab/files.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t answer_size_max = 64 * 1024;

struct Attempt {
  Fd socket;
  std::int64_t start_ns = 0;
  bool sent = false;
  std::string answer = {};
};

class Probe {
 public:
  Probe(const ProbeOptions& options, const Url& url, std::FILE* out, Fd signals)
      : options_(options), url_(url), out_(out), signals_(std::move(signals)) {}
  Status run();

 private:
  void begin();
  // What became of the attempt, if that is known.
  std::optional<ProbeRecord> advance(Attempt& attempt) const;
  void record(const ProbeRecord& record);
  void wait(std::int64_t until_ns);
  void settle();

  const ProbeOptions& options_;
  const Url& url_;
  std::FILE* out_;
  Fd signals_;
  std::vector<Attempt> attempts_;
  std::vector<bool> ready_;
  bool told_to_end_ = false;
};

ProbeRecord failed(const Attempt& attempt, const std::string& why) {
  return {.start_ns = attempt.start_ns, .end_ns = monotonic_ns(), .error = why};
}

void Probe::record(const ProbeRecord& record) {
  const std::string line = print(record);
  std::fwrite(line.data(), 1, line.size(), out_);
  std::fflush(out_);
}

void Probe::begin() {
  Attempt attempt{.socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
                  .start_ns = monotonic_ns()};
  const auto endpoint = find_endpoint(url_);
  if (!endpoint) {
    record(failed(attempt, endpoint.error().message));
    return;
  }
  const sockaddr_in to = socket_address(*endpoint);
  if (!attempt.socket || attempts_.size() >= requests_in_flight_max ||
      (::connect(attempt.socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) !=
           0 &&
       errno != EINPROGRESS)) {
    record(failed(attempt, std::strerror(errno)));
    return;
  }
  attempts_.push_back(std::move(attempt));
}

std::optional<ProbeRecord> Probe::advance(Attempt& attempt) const {
  if (!attempt.sent) {
    int problem = 0;
    socklen_t size = sizeof(problem);
    ::getsockopt(attempt.socket.number(), SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0) return failed(attempt, std::strerror(problem));
    const std::string question = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url_.path, url_.host);
    if (::send(attempt.socket.number(), question.data(), question.size(), MSG_NOSIGNAL) < 0) {
      return failed(attempt, std::strerror(errno));
    }
    attempt.sent = true;
    return std::nullopt;
  }
  std::array<char, 4096> block{};
  const ssize_t got = ::recv(attempt.socket.number(), block.data(), block.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (got < 0) return failed(attempt, std::strerror(errno));
  attempt.answer.append(block.data(), static_cast<std::size_t>(got));
  if (got > 0 && attempt.answer.size() < answer_size_max) return std::nullopt;
  const auto body = attempt.answer.find("\r\n\r\n");
  if (body == std::string::npos || attempt.answer.find(" 200 ") != 8) {
    return failed(attempt, "not an answer of the service");
  }
  std::string node = attempt.answer.substr(body + 4);
  while (!node.empty() && node.back() == '\n') node.pop_back();
  return ProbeRecord{attempt.start_ns, monotonic_ns(), true, node};
}

void Probe::wait(std::int64_t until_ns) {
  for (const Attempt& attempt : attempts_) {
    until_ns = std::min(until_ns, attempt.start_ns + options_.timeout.count());
  }
  std::vector<pollfd> polled;
  for (const Attempt& attempt : attempts_) {
    polled.push_back(
        {attempt.socket.number(), static_cast<short>(attempt.sent ? POLLIN : POLLOUT), 0});
  }
  polled.push_back({signals_.number(), POLLIN, 0});
  const std::int64_t wait_ns = std::max<std::int64_t>(0, until_ns - monotonic_ns());
  const timespec patience{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
  ::ppoll(polled.data(), polled.size(), &patience, nullptr);
  ready_.assign(attempts_.size(), false);
  for (std::size_t i = 0; i < attempts_.size(); ++i) ready_[i] = polled[i].revents != 0;
  if (polled.back().revents != 0) told_to_end_ = true;
}

void Probe::settle() {
  for (std::size_t i = attempts_.size(); i-- > 0;) {
    std::optional<ProbeRecord> outcome;
    if (ready_[i]) outcome = advance(attempts_[i]);
    if (!outcome && monotonic_ns() - attempts_[i].start_ns >= options_.timeout.count()) {
      outcome = failed(attempts_[i], "no answer in time");
    }
    if (!outcome) continue;
    record(*outcome);
    attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Status Probe::run() {
  const std::int64_t started = monotonic_ns();
  const bool endless = options_.duration <= Duration{};
  std::int64_t next = started;
  for (;;) {
    const std::int64_t now = monotonic_ns();
    const bool over = told_to_end_ || (!endless && now - started >= options_.duration.count());
    if (over && attempts_.empty()) return {};
    if (!over && now >= next) {
      begin();
      next += options_.interval.count();
      // A client that was held up itself does not make up for it with a burst.
      if (next < now) next = now + options_.interval.count();
    }
    wait(over ? now + options_.timeout.count() : next);
    settle();
  }
}

}  // namespace

Status run_probe(const ProbeOptions& options) {
  const auto url = parse_url(options.url);
  if (!url) return std::unexpected(url.error());
  if (options.interval <= Duration{} || options.timeout <= Duration{}) {
    return failure(Code::invalid, "--interval and --timeout must be longer than nothing");
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  std::FILE* out = options.out.empty() ? stdout : std::fopen(options.out.c_str(), "we");
  if (out == nullptr) return system_failure("open " + options.out);
  const Status done = Probe(options, *url, out, Fd(::signalfd(-1, &ends, SFD_CLOEXEC))).run();
  if (out != stdout) std::fclose(out);
  return done;
}

}  // namespace mainstay::lab
