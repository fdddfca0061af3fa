#include "mirrord/link.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "base/check.h"
#include "mirrord/connection.h"

namespace mainstay::mirrord {
namespace {

constexpr Duration back_off_first = 20ms;
constexpr Duration back_off_max = 3s;
constexpr int backlog = 8;

}  // namespace

Link::Link(Ring& ring, Buffers& buffers, LinkSettings settings, Events events)
    : ring_(ring), buffers_(buffers), settings_(std::move(settings)), events_(std::move(events)) {}

Link::~Link() {
  for (const Listener& listener : listeners_) ring_.forget(listener.watch);
}

Status Link::start() {
  if (settings_.dials) {
    dial_at_ = Ring::now();
    return {};
  }
  for (const auto& address : settings_.listen) {
    Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    const int yes = 1;
    if (!socket || setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(socket.number(), address.data(), address.size) != 0 ||
        ::listen(socket.number(), backlog) != 0) {
      return adapters::errno_failure(errno, "listen at " + adapters::to_text(address));
    }
    const int number = socket.number();
    const auto watch =
        ring_.watch(number, Ring::Readiness::readable, [this, number] { accept_from(number); });
    listeners_.push_back({std::move(socket), watch});
  }
  return {};
}

std::unique_ptr<Connection> Link::remove_guest(Connection* guest) {
  const auto found = std::ranges::find_if(
      guests_, [&](const std::unique_ptr<Connection>& each) { return each.get() == guest; });
  if (found == guests_.end()) return nullptr;
  auto removed = std::move(*found);
  guests_.erase(found);
  return removed;
}

void Link::retire(std::unique_ptr<Connection> connection) {
  if (connection == nullptr) return;
  connection->close();
  retired_.push_back(std::move(connection));
}

void Link::add_guest(std::unique_ptr<Connection> guest) {
  if (guests_.size() >= guests_max) retire(remove_guest(guests_.front().get()));
  guests_.push_back(std::move(guest));
}

void Link::accept_from(int listener) {
  Fd socket(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket || broken_off_) return;
  add_guest(Connection::accepted(
      {ring_,
       buffers_,
       settings_.form,
       {[this](Connection* one) { on_ready(one); },
        [this](Connection* one, const std::string& why) { on_ended(one, why); },
        [this](Connection*, mirror::Message message) { events_.received(std::move(message)); }}},
      adapters::StreamSession::accepting(settings_.identity), std::move(socket)));
}

void Link::dial(std::size_t path) {
  auto connection = Connection::dial(
      {ring_,
       buffers_,
       settings_.form,
       {[this](Connection* one) { on_ready(one); },
        [this](Connection* one, const std::string& why) { on_ended(one, why); },
        [this](Connection*, mirror::Message message) { events_.received(std::move(message)); }}},
      adapters::StreamSession::connecting(settings_.identity, settings_.peer),
      settings_.peers[path], path);
  if (connection) add_guest(std::move(*connection));
}

// A better path, while there is a connection; else one after the other.
void Link::dial_due(Instant now) {
  if (!settings_.dials || broken_off_ || now < dial_at_ || !guests_.empty()) return;
  if (current_ != nullptr) {
    dial_at_ = never;
    if (current_->path() == 0) return;
    next_path_ = next_path_ % current_->path();
    dial(next_path_++);
    dial_at_ = now + settings_.better_path_every;
    return;
  }
  dial(next_path_ % settings_.peers.size());
  next_path_ = (next_path_ + 1) % settings_.peers.size();
  // Every path at once at first; then with more and more patience.
  if (next_path_ == 0) back_off_ = std::clamp(back_off_ * 2, back_off_first, back_off_max);
  dial_at_ = now + (next_path_ == 0 ? back_off_ : back_off_first);
}

void Link::on_ready(Connection* connection) {
  auto guest = remove_guest(connection);
  MAINSTAY_CHECK(guest != nullptr);
  retire(std::exchange(current_, std::move(guest)));
  back_off_ = {};
  next_path_ = 0;
  complaint_.clear();
  dial_at_ = settings_.dials ? Ring::now() + settings_.better_path_every : never;
  events_.note("connected" + (path().empty() ? "" : " to " + path()));
  events_.up();
}

void Link::on_ended(Connection* connection, const std::string& why) {
  if (auto guest = remove_guest(connection)) {
    // Once for each reason, not for each attempt.
    if (why != complaint_) events_.note("no connection: " + why);
    complaint_ = why;
    return retire(std::move(guest));
  }
  if (current_.get() != connection) return;
  drop(why);
  events_.down(why);
}

void Link::drop(const std::string& why) {
  if (current_ == nullptr) return;
  events_.note("disconnected: " + why);
  retire(std::exchange(current_, nullptr));
  next_path_ = 0;
  back_off_ = {};
  dial_at_ = settings_.dials ? Ring::now() + back_off_first : never;
}

void Link::break_off() {
  broken_off_ = true;
  for (auto& guest : std::exchange(guests_, {})) retire(std::move(guest));
  const bool was_up = up();
  drop("as asked");
  if (was_up) events_.down("as asked");
}

void Link::connect() {
  if (!std::exchange(broken_off_, false)) return;
  dial_at_ = settings_.dials ? Ring::now() : never;
}

void Link::send(const mirror::Message& message) {
  if (current_ == nullptr) return;
  ByteView payload;
  mirror::BufferId buffer = 0;
  if (const std::uint64_t size = payload_size(message); size > 0) {
    buffer = std::get<mirror::Write>(message.body).buffer;
    payload = {buffers_.at(buffer), size};
  }
  current_->send(message, payload, buffer);
}

void Link::flush() {
  if (current_ != nullptr) current_->flush();
}

void Link::resume() {
  if (current_ != nullptr) current_->resume();
}

void Link::tick(Instant now) {
  retired_.clear();
  for (std::size_t i = guests_.size(); i > 0; --i) {
    Connection* guest = guests_[i - 1].get();
    if (now - guest->since() >= handshake_max) on_ended(guest, "it did not answer in time");
  }
  if (current_ != nullptr && now - current_->heard() >= silence_max) {
    on_ended(current_.get(), "it has been silent for " + to_text(silence_max));
  }
  if (current_ != nullptr && current_->queued_bytes() > send_queue_max) {
    on_ended(current_.get(), "it takes nothing any more");
  }
  if (current_ != nullptr && now >= life_at_) {
    current_->send_sign_of_life();
    life_at_ = now + sign_of_life_every;
  }
  dial_due(now);
}

Instant Link::next_deadline() const {
  Instant next = settings_.dials && !broken_off_ && guests_.empty() ? dial_at_ : never;
  if (!retired_.empty()) return {};
  for (const auto& guest : guests_) next = std::min(next, guest->since() + handshake_max);
  if (current_ != nullptr) {
    next = std::min({next, life_at_, current_->heard() + silence_max});
  }
  return next;
}

std::string Link::path() const {
  if (current_ == nullptr) return "";
  if (!settings_.dials) return "incoming";
  return settings_.peer_texts[current_->path()];
}

}  // namespace mainstay::mirrord
