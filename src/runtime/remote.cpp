#include "runtime/remote.h"

#include <fmt/format.h>

namespace mainstay {

Remote::~Remote() {
  *alive_ = nullptr;
  for (const auto& [ticket, open] : open_) clock_.cancel(open.timer);
}

void Remote::listen(Handler handler) {
  on_driver_message_ = std::move(handler.on_message);
  under_.listen(
      {.on_datagram = std::move(handler.on_datagram),
       .on_message = [this](const NodeName& from, ByteView message) { received(from, message); }});
}

void Remote::send_datagram(const NodeName& to, PathIndex path, ByteView payload) {
  under_.send_datagram(to, path, payload);
}

void Remote::send_message(const NodeName& to, ByteView message) {
  send(to, Kind::driver, 0, message);
}

void Remote::send(const NodeName& to, Kind kind, std::uint64_t ticket, ByteView content) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(kind));
  if (kind != Kind::driver) out.u64(ticket);
  out.raw(content);
  under_.send_message(to, out.bytes());
}

void Remote::received(const NodeName& from, ByteView message) {
  ByteReader in(message);
  const auto kind = in.enumerator<Kind>(kinds);
  const std::uint64_t ticket = kind == Kind::driver ? 0 : in.u64();
  if (!in.ok()) return;  // a later release's word, or nonsense: whoever sent it asks again
  switch (kind) {
    case Kind::driver:
      if (on_driver_message_) on_driver_message_(from, in.rest());
      return;
    case Kind::question:
      return asked(from, ticket, in.rest());
    case Kind::answer: {
      const auto found = open_.find(ticket);
      if (found == open_.end() || found->second.node != from) return;  // too late, or not asked
      return settle(ticket, Bytes(in.rest().begin(), in.rest().end()));
    }
  }
}

void Remote::asked(const NodeName& from, std::uint64_t ticket, ByteView content) {
  if (!on_question_) return;
  on_question_(from, Bytes(content.begin(), content.end()),
               [alive = alive_, from, ticket](const Bytes& answer) {
                 if (*alive) (*alive)->send(from, Kind::answer, ticket, answer);
               });
}

void Remote::ask(const NodeName& node, ByteView question, Instant deadline, OnAnswer on_answer) {
  if (open_.size() >= questions_max) {
    return on_answer(failure(Code::throttled,
                             fmt::format("{} questions to other nodes are open already; try again "
                                         "later",
                                         open_.size())));
  }
  const std::uint64_t ticket = ++last_ticket_;
  const TimerId timer = clock_.call_at(deadline, [this, ticket, node] {
    settle(ticket, failure(Code::timed_out, fmt::format("{} did not answer", node)));
  });
  open_.emplace(ticket, Open{node, timer, std::move(on_answer)});
  send(node, Kind::question, ticket, question);
}

void Remote::settle(std::uint64_t ticket, Result<Bytes> answer) {
  auto settled = open_.extract(ticket);
  if (settled.empty()) return;
  clock_.cancel(settled.mapped().timer);
  settled.mapped().on_answer(std::move(answer));
}

}  // namespace mainstay
