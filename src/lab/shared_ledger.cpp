#include "lab/shared_ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "lab/analysis.h"

namespace mainstay::lab {
namespace {

// A burst of lines may wait here while this machine is busy.
constexpr int receive_buffer = 4 * 1024 * 1024;

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), number);
  return problem == std::errc() && end == text.end();
}

std::string_view next_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// "NAME TERM ADDRESS"
bool read_words(std::string_view text, SharedLine& line) {
  line.name = next_word(text);
  const std::string_view term = next_word(text);
  const std::string_view asked_at = next_word(text);
  line.asked_at = asked_at == "-" ? "" : asked_at;
  return !line.name.empty() && read_number(term, line.term) && !asked_at.empty() && text.empty();
}

// Takes down what waits.
void take_lines(int socket, int out) {
  std::array<char, shared_line_size_max> block{};
  for (;;) {
    const ssize_t got = ::recv(socket, block.data(), block.size(), MSG_DONTWAIT);
    if (got < 0) return;
    const std::string_view words(block.data(), static_cast<std::size_t>(got));
    SharedLine line;
    if (!read_words(words, line)) continue;
    const std::string text = fmt::format("{} {}\n", monotonic_ns(), words);
    (void)!::write(out, text.data(), text.size());  // A full disk shows itself as a gap.
  }
}

Result<Fd> listen_udp(const Endpoint& endpoint) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  const sockaddr_in where = socket_address(endpoint);
  if (!socket ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0) {
    return system_failure(
        fmt::format("receive on {}:{}", to_text(endpoint.address), endpoint.port));
  }
  return socket;
}

}  // namespace

std::string print_words(const SharedLine& line) {
  return fmt::format("{} {} {}", line.name, line.term, line.asked_at.empty() ? "-" : line.asked_at);
}

Result<std::vector<SharedLine>> parse_shared_ledger(std::string_view text) {
  std::vector<SharedLine> lines;
  const auto done = for_lines(text, "shared ledger", [&](std::string_view whole) {
    SharedLine line;
    if (!read_number(next_word(whole), line.at_ns) || !read_words(whole, line)) return false;
    lines.push_back(std::move(line));
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return lines;
}

LateLines late_lines(std::vector<SharedLine> lines) {
  std::ranges::stable_sort(lines, {}, &SharedLine::at_ns);
  LateLines late;
  std::uint64_t newest = 0;
  std::int64_t newest_since_ns = 0;
  for (const SharedLine& line : lines) {
    if (line.term > newest) {
      newest = line.term;
      newest_since_ns = line.at_ns;
    }
    if (line.term == newest) continue;
    ++(line.asked_at.empty() ? late.own : late.through_vip);
    late.latest = std::max(late.latest, Duration(line.at_ns - newest_since_ns));
  }
  return late;
}

Result<Fd> open_shared_ledger(const Endpoint& ledger) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in where = socket_address(ledger);
  if (!socket ||
      ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0) {
    return system_failure(fmt::format("send to {}:{}", to_text(ledger.address), ledger.port));
  }
  return socket;
}

Status run_shared_ledger(const SharedLedgerOptions& options) {
  const auto endpoint = parse_endpoint(options.listen);
  if (!endpoint) return std::unexpected(endpoint.error());
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  const auto socket = listen_udp(*endpoint);
  if (!socket) return std::unexpected(socket.error());
  const Fd out(::open(options.out.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!out) return system_failure("open " + options.out);
  const Fd signals(::signalfd(-1, &ends, SFD_CLOEXEC));
  for (;;) {
    std::array<pollfd, 2> polled{{{signals.number(), POLLIN, 0}, {socket->number(), POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) return {};
    take_lines(socket->number(), out.number());
  }
}

}  // namespace mainstay::lab
