#include "mirrord/control.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace mainstay::mirrord {

Control::Control(Ring& ring, Fd listener, Events events)
    : ring_(ring), listener_(std::move(listener)), events_(std::move(events)) {
  watch_ = ring_.watch(listener_.number(), Ring::Readiness::readable, [this] { accept(); });
}

Control::~Control() {
  ring_.forget(watch_);
  for (const auto& [id, client] : clients_) {
    ring_.forget(client.reading);
    ring_.forget(client.writing);
  }
}

void Control::accept() {
  Fd socket(accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket || clients_.size() >= clients_max) return;
  const ClientId id = ++last_client_;
  Client& client = clients_[id];
  client.socket = std::move(socket);
  client.reading = ring_.watch(client.socket.number(), Ring::Readiness::readable,
                               [this, id] { on_readable(id); });
}

void Control::on_readable(ClientId id) {
  Client& client = clients_.at(id);
  std::array<char, 4096> bytes{};
  const ssize_t size = recv(client.socket.number(), bytes.data(), bytes.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return remove(id);
  client.in.append(bytes.data(), static_cast<std::size_t>(size));
  for (auto end = client.in.find('\n'); end != std::string::npos; end = client.in.find('\n')) {
    const std::string line = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    // An answer may have found out that the client is gone.
    if (!take_line(id, line)) return remove(id);
    if (!clients_.contains(id)) return;
  }
  if (client.in.size() <= control::line_max) return;
  answer(id, control::not_understood({Code::invalid, "this line is too long"}));
  remove(id);
}

bool Control::take_line(ClientId id, const std::string& line) {
  auto parsed = control::parse(line);
  if (!parsed) {
    answer(id, control::not_understood(parsed.error()));
    return false;
  }
  if (const auto* refused = std::get_if<control::Refused>(&*parsed)) {
    answer(id, control::refused(refused->id, refused->error));
  } else if (const auto* order = std::get_if<control::Order>(&*parsed)) {
    events_.order(id, *order);
  } else {
    return take_answer(id, std::get<control::RecordAnswer>(*parsed));
  }
  return true;
}

bool Control::take_answer(ClientId id, const control::RecordAnswer& answer) {
  const auto question = clients_.at(id).questions.extract(answer.question);
  if (question.empty()) return false;
  events_.record(question.mapped(), &answer);
  return true;
}

void Control::answer(ClientId id, const std::string& line) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  found->second.out += line;
  flush(id);
}

void Control::flush(ClientId id) {
  Client& client = clients_.at(id);
  const ssize_t size = send(client.socket.number(), client.out.data(), client.out.size(),
                            MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size > 0) client.out.erase(0, static_cast<std::size_t>(size));
  const bool broken = size < 0 && errno != EAGAIN && errno != EINTR;
  // Its reader will see the end of it, and remove it.
  if (broken || client.out.size() > unread_bytes_max) {
    client.out.clear();
    static_cast<void>(shutdown(client.socket.number(), SHUT_RDWR));
  }
  if (client.out.empty()) return ring_.forget(std::exchange(client.writing, 0));
  if (client.writing != 0) return;
  client.writing =
      ring_.watch(client.socket.number(), Ring::Readiness::writable, [this, id] { flush(id); });
}

void Control::remove(ClientId id) {
  const auto removed = clients_.extract(id);
  if (removed.empty()) return;
  const Client& client = removed.mapped();
  ring_.forget(client.reading);
  ring_.forget(client.writing);
  if (record_server_ == id) record_server_ = 0;
  for (const auto& [question, ticket] : client.questions) events_.record(ticket, nullptr);
}

Control::Client* Control::record_server() {
  const auto found = clients_.find(record_server_);
  return found == clients_.end() ? nullptr : &found->second;
}

bool Control::ask_read(mirror::Ticket ticket) {
  Client* server = record_server();
  if (server == nullptr) return false;
  server->questions[++last_question_] = ticket;
  answer(record_server_, control::read_question(last_question_));
  return true;
}

bool Control::ask_swap(const mirror::SwapRecord& swap) {
  Client* server = record_server();
  if (server == nullptr) return false;
  server->questions[++last_question_] = swap.ticket;
  answer(record_server_, control::swap_question(last_question_, swap.expected, swap.value));
  return true;
}

}  // namespace mainstay::mirrord
