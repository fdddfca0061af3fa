#include "runtime/remote.h"

#include <fmt/format.h>

namespace mainstay {

Remote::~Remote() {
  *alive_ = nullptr;
  for (const auto& [ticket, open] : open_) clock_.cancel(open.timer);
}

void Remote::send(const NodeName& to, Kind kind, std::uint64_t ticket, ByteView content) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(kind));
  out.u64(ticket);
  out.raw(content);
  send_(to, out.bytes());
}

void Remote::received(const NodeName& from, ByteView message) {
  ByteReader in(message);
  const auto kind = in.enumerator<Kind>(kinds);
  const std::uint64_t ticket = in.u64();
  if (!in.ok()) return;  // A later release's word: whoever sent it is told nothing, and gives up.
  if (kind == Kind::question) return asked(from, ticket, in.rest());
  const auto found = open_.find(ticket);
  if (found == open_.end() || found->second.node != from) return;  // too late, or not asked
  settle(ticket, Bytes(in.rest().begin(), in.rest().end()));
}

void Remote::asked(const NodeName& from, std::uint64_t ticket, ByteView content) {
  ++unanswered_;
  on_question_(from, Bytes(content.begin(), content.end()),
               [alive = alive_, from, ticket](const Bytes& answer) {
                 if (!*alive) return;
                 --(*alive)->unanswered_;
                 (*alive)->send(from, Kind::answer, ticket, answer);
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
    settle(ticket, failure(Code::timed_out, fmt::format("{} did not answer in time", node)));
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
