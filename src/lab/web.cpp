// One thread, one poll: connections and the ledgers' clock.
#include "lab/web.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lab/analysis.h"
#include "lab/endpoint.h"
#include "lab/files.h"
#include "lab/shared_ledger.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t request_size_max = 16 * 1024;

struct Client {
  Fd socket;
  std::string request;
};

// The address of ours to which the client came.
std::string address_asked(const Fd& socket) {
  sockaddr_in own{};
  socklen_t size = sizeof(own);
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&own), &size) != 0) return "";
  return to_text(Ipv4{ntohl(own.sin_addr.s_addr)});
}

class Web {
 public:
  Web(const WebOptions& options, Fd listening, Fd ledger, Fd shared_ledger, Fd signals)
      : options_(options),
        listening_(std::move(listening)),
        ledger_(std::move(ledger)),
        shared_ledger_(std::move(shared_ledger)),
        signals_(std::move(signals)) {}
  Status run();

 private:
  void accept_one();
  // False when the connection is over.
  bool serve(Client& client) const;
  bool has_clock() const { return ledger_ || shared_ledger_; }
  void write_ledgers();
  void write_shared(const std::string& asked_at) const;

  const WebOptions& options_;
  Fd listening_;
  Fd ledger_;
  Fd shared_ledger_;
  Fd signals_;
  std::vector<Client> clients_;
  std::int64_t next_entry_ns_ = 0;
};

void Web::accept_one() {
  Fd socket(::accept4(listening_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket && clients_.size() < web_clients_max) clients_.push_back({std::move(socket), {}});
}

bool Web::serve(Client& client) const {
  std::array<char, 4096> block{};
  const ssize_t got = ::recv(client.socket.number(), block.data(), block.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.request.append(block.data(), static_cast<std::size_t>(got));
  if (client.request.find("\r\n\r\n") == std::string::npos) {
    return client.request.size() < request_size_max;
  }
  write_shared(address_asked(client.socket));
  const std::string answer = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}\n",
      options_.name.size() + 1, options_.name);
  // So small an answer fits into the socket's buffer, or the client is not worth waiting for.
  (void)!::send(client.socket.number(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return false;
}

void Web::write_shared(const std::string& asked_at) const {
  if (!shared_ledger_) return;
  const std::string words = print_words({0, options_.name, options_.term, asked_at});
  // What the network loses shows itself as a gap.
  (void)!::send(shared_ledger_.number(), words.data(), words.size(), MSG_NOSIGNAL);
}

void Web::write_ledgers() {
  const std::int64_t now = monotonic_ns();
  if (now < next_entry_ns_) return;
  if (ledger_) {
    const std::string entry = fmt::format("{} {}\n", now, options_.name);
    (void)!::write(ledger_.number(), entry.data(),
                   entry.size());  // A full disk shows itself as a gap.
  }
  write_shared("");
  // From now, not from when it was due: after a pause there is one entry, not a burst.
  next_entry_ns_ = now + ledger_interval.count();
}

Status Web::run() {
  for (;;) {
    if (has_clock()) write_ledgers();
    std::vector<pollfd> polled = {{signals_.number(), POLLIN, 0}, {listening_.number(), POLLIN, 0}};
    for (const Client& client : clients_) polled.push_back({client.socket.number(), POLLIN, 0});
    const std::int64_t wait_ns = std::max<std::int64_t>(0, next_entry_ns_ - monotonic_ns());
    const timespec patience{0, wait_ns};
    ::ppoll(polled.data(), polled.size(), has_clock() ? &patience : nullptr, nullptr);
    if (polled[0].revents != 0) return {};
    for (std::size_t i = clients_.size(); i-- > 0;) {
      if (polled[2 + i].revents != 0 && !serve(clients_[i])) {
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (polled[1].revents != 0) accept_one();
  }
}

Result<Fd> listen_tcp(const Endpoint& endpoint) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  ::setsockopt(socket.number(), IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
  const sockaddr_in where = socket_address(endpoint);
  if (!socket ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0 ||
      ::listen(socket.number(), 1024) != 0) {
    return system_failure(fmt::format("listen on {}:{}", to_text(endpoint.address), endpoint.port));
  }
  return socket;
}

}  // namespace

Status run_web(const WebOptions& options) {
  const auto endpoint = parse_endpoint(options.listen);
  if (!endpoint) return std::unexpected(endpoint.error());
  if (options.name.empty() || options.name.find_first_of(" \n") != std::string::npos) {
    return failure(Code::invalid, "--name must be a word");
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  auto listening = listen_tcp(*endpoint);
  if (!listening) return std::unexpected(listening.error());
  Fd ledger;
  if (!options.ledger.empty()) {
    ledger = Fd(::open(options.ledger.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!ledger) return system_failure("open " + options.ledger);
  }
  Fd shared_ledger;
  if (!options.shared_ledger.empty()) {
    const auto where = parse_endpoint(options.shared_ledger);
    if (!where) return std::unexpected(where.error());
    auto opened = open_shared_ledger(*where);
    if (!opened) return std::unexpected(opened.error());
    shared_ledger = std::move(*opened);
  }
  return Web(options, std::move(*listening), std::move(ledger), std::move(shared_ledger),
             Fd(::signalfd(-1, &ends, SFD_CLOEXEC)))
      .run();
}

}  // namespace mainstay::lab
